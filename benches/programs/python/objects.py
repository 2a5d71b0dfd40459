"""Classes: methods, properties, inheritance, operators, slots, data classes."""

from dataclasses import dataclass


class Shape:
    def __init__(self, name):
        self.name = name
        self.moves = 0

    def move(self, by):
        self.moves += by
        return self

    @property
    def label(self):
        return self.name

    def area(self):
        raise NotImplementedError


class Square(Shape):
    def __init__(self, side):
        super().__init__("square")
        self.side = side

    def area(self):
        return self.side * self.side


class Circle(Shape):
    def __init__(self, radius):
        super().__init__("circle")
        self.radius = radius

    def area(self):
        return 3 * self.radius * self.radius


class Vector:
    __slots__ = ("x", "y")

    def __init__(self, x, y):
        self.x = x
        self.y = y

    def __add__(self, other):
        return Vector(self.x + other.x, self.y + other.y)

    def __eq__(self, other):
        return self.x == other.x and self.y == other.y


@dataclass
class Account:
    owner: str
    balance: int = 0

    def pay(self, amount):
        self.balance += amount


total, place, account = 0, Vector(0, 0), Account("somebody")
for number in range(220_000):
    shape = Square(number % 10) if number % 2 else Circle(number % 7)
    total += shape.move(number).area() + shape.moves + len(shape.label)
    place = place + Vector(1, number % 3)
    account.pay(number % 5)
    if isinstance(shape, Circle) and place == Vector(3, 3):
        total += 1
print(total, place.x, place.y, account.balance)
