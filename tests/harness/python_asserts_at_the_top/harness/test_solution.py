from solution import double

assert double(2) == 4
assert double(3) == 7, "three"
for number in (0, 1):
    assert double(number) == 0
if True:
    assert not double(0)
    assert double(1) in (2, 3) and double(2) > 3
assert isinstance(double("a"), str)
assert double(None) == 1
assert 1 < double(1) < 2
