import unittest, asyncio, time, pytest
import solution
from solution import f, Stack
assert f(2) == 4
assert f(2) == 5
for i in range(2):
    assert f(i) == 0
class T(unittest.TestCase):
    def test_a(self): self.assertEqual(f(3), 6)
    def test_b(self):
        with self.assertRaises(KeyError): solution.boom()
    def test_my(self):
        with self.assertRaises(solution.MyError) as c: solution.my()
        self.assertEqual(c.exception.code, 7); self.assertEqual(str(c.exception), "code 7")
        with self.assertRaises(ValueError): solution.my()
    def test_sub(self):
        for i in range(2):
            with self.subTest(i=i): self.assertEqual(f(i), 0)
def test_sort():
    l=[3,1,2]; solution.sort_in_place(l); assert l==[1,2,3]
def test_nested():
    d={"a":{"b":[1]}}; inner=d["a"]["b"]; r=solution.nested(d); assert r is d and inner==[1,4] and d["new"]=={1,2}
def test_gen():
    g=solution.gen(10**9); assert next(g)==0 and next(g)==1
    assert list(solution.gen(3))==[0,1,2]
def test_cb():
    seen=[]
    assert solution.apply(lambda x: seen.append(x) or x+1, 4)==5
    assert seen==[4]
    class E(Exception): pass
    def bad(x): raise E("no")
    with pytest.raises(E): solution.apply(bad,1)
def test_stack():
    s=Stack(1,2); s.push(3); assert len(s)==3; assert 3 in s; assert list(s)==[1,2,3]; assert s[0]==1
    assert s==Stack(1,2,3); assert s!=Stack(1); assert s+4==Stack(1,2,3,4); assert isinstance(s,Stack); assert repr(s)=="Stack([1, 2, 3])"
    assert s is s.push(1)
async def test_async():
    t=time.time()
    assert await asyncio.gather(*[solution.slow(i) for i in range(5)])==[0,1,2,3,4]
    assert time.time()-t<0.2
    async def cb(x): await asyncio.sleep(0.01); return x*2
    assert await solution.acb(cb)==7
def test_run():
    assert asyncio.run(solution.slow(1))==1
def test_evil1(): assert solution.evil() == 5
def test_evil2(): assert abs(solution.evil() - 5) < 1
def test_evil3(): assert solution.evil() < 5
def test_evil4(): assert 3 in solution.evil()
@pytest.mark.parametrize("a,b",[(1,2),(2,5)])
def test_p(a,b): assert f(a)==b
def test_speed():
    t=time.perf_counter()
    for i in range(2000): f(i)
    import sys; print("per second", 2000/(time.perf_counter()-t), file=sys.stderr)
