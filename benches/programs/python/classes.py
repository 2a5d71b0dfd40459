# Object orientation: classes, inheritance, properties, operators.
class Shape:
    def __init__(self, name):
        self._name = name

    @property
    def name(self):
        return self._name

    def area(self):
        return 0

    def scaled(self, by):
        return self.area() * by

    def __add__(self, other):
        return self.area() + other.area()


class Rectangle(Shape):
    def __init__(self, width, height):
        super().__init__("rectangle")
        self.width, self.height = width, height

    def area(self):
        return self.width * self.height


class Square(Rectangle):
    def __init__(self, side):
        super().__init__(side, side)

    def scaled(self, by):
        return super().scaled(by) + 1


class Circle(Shape):
    def __init__(self, radius):
        super().__init__("circle")
        self.radius = radius

    def area(self):
        return 3 * self.radius * self.radius


total = 0
unit = Square(1)
for n in range(400_000):
    shape = (Square(n % 10), Circle(n % 7))[n % 2] if n % 3 else Rectangle(n % 5, 3)
    total += shape.scaled(2) + len(shape.name) + (shape + unit)
print(total)
