import dataclasses
import enum
import functools
import math


class Account:
    count = 0

    def __init__(self, owner, balance):
        self.owner, self._balance = owner, balance
        Account.count += 1

    @property
    def balance(self):
        return self._balance

    def deposit(self, amount):
        self._balance += amount

    def describe(self):
        return f"{self.owner}: {self._balance}"

    @classmethod
    def from_text(cls, text):
        owner, balance = text.split(":")
        return cls(owner, int(balance))

    @staticmethod
    def is_name(text):
        return bool(text)


@functools.total_ordering
class Vector:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __add__(self, other):
        if not isinstance(other, Vector):
            return NotImplemented
        return Vector(self.x + other.x, self.y + other.y)

    def __mul__(self, n):
        return Vector(self.x * n, self.y * n)

    __rmul__ = __mul__

    def __matmul__(self, other):
        return self.x * other.x + self.y * other.y

    def __neg__(self):
        return self * -1

    def __abs__(self):
        return math.hypot(self.x, self.y)

    def __len__(self):
        return 2

    def __iter__(self):
        yield self.x
        yield self.y

    def __getitem__(self, index):
        return (self.x, self.y)[index]

    def __eq__(self, other):
        return isinstance(other, Vector) and (self.x, self.y) == (other.x, other.y)

    def __lt__(self, other):
        return (self.x, self.y) < (other.x, other.y)

    def __hash__(self):
        return hash((self.x, self.y))

    def __bool__(self):
        return bool(self.x or self.y)

    def __str__(self):
        return f"({self.x}, {self.y})"

    def __repr__(self):
        return f"Vector({self.x}, {self.y})"

    def __format__(self, spec):
        return spec + str(self)

    def __call__(self, x):
        return self.x + self.y * x


def make_vector():
    return Vector(1, 1)


class Grid:
    def __init__(self):
        self.cells = {}

    def __getitem__(self, key):
        return self.cells[key]

    def __setitem__(self, key, value):
        self.cells[key] = value

    def __delitem__(self, key):
        del self.cells[key]


class Timer:
    running = False

    def __enter__(self):
        self.running = True
        return self

    def __exit__(self, kind, error, trace):
        self.running = False
        return kind is ValueError


class Temperature:
    def __init__(self, degrees):
        self.degrees = degrees

    def __eq__(self, other):
        return self.degrees == getattr(other, "degrees", other)

    def __lt__(self, other):
        return self.degrees < getattr(other, "degrees", other)


class Color(enum.Enum):
    RED = 1
    BLUE = 2


@dataclasses.dataclass
class Point:
    x: int
    y: int
