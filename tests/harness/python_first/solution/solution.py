import asyncio
def f(x): return x*2
def boom(): raise KeyError("k")
class MyError(ValueError):
    def __init__(self, code): super().__init__(f"code {code}"); self.code=code
def my(): raise MyError(7)
def sort_in_place(l): l.sort()
def nested(d): d["a"]["b"].append(4); d["new"]={1,2}; return d
def gen(n):
    for i in range(n): yield i
def apply(cb, x): return cb(x)
class Stack:
    def __init__(self, *a): self.items=list(a)
    def push(self,x): self.items.append(x); return self
    def __len__(self): return len(self.items)
    def __contains__(self,x): return x in self.items
    def __iter__(self): return iter(self.items)
    def __getitem__(self,i): return self.items[i]
    def __eq__(self,o): return isinstance(o,Stack) and o.items==self.items
    def __add__(self,o): return Stack(*self.items, *(o.items if isinstance(o,Stack) else [o]))
    def __repr__(self): return f"Stack({self.items})"
async def slow(x):
    await asyncio.sleep(0.05); return x
async def acb(cb): return await cb(3) + 1
class Evil:
    def __eq__(self,o): return True
    def __sub__(self,o): return 0.0
    def __lt__(self,o): return True
    def __contains__(self,o): return True
def evil(): return Evil()
