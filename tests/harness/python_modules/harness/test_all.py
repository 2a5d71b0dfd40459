import helpers_of_tests
import shapes.circle
from main import run
from shapes import area, circle
from solution import *
from util import LIMIT

assert run() == "ran with util"
assert LIMIT == 5
assert area(2) == 4
assert shapes.circle.around(1) == circle.around(1) == 6
assert public() == helpers_of_tests.EXPECTED
assert "hidden" not in globals()
