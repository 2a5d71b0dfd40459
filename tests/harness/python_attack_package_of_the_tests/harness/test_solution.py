from answers import THREE
from solution import add

assert add(1, 2) == THREE
