import enum


class Stack(list):
    def push(self, item):
        self.append(item)

    def peek(self):
        return self[-1]


class Tag(str):
    def opening(self):
        return f"<{self}>"


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


def make_stack():
    return Stack([1])


def make_tag():
    return Tag("b")
