class Stack:
    def __init__(self):
        self._items = []

    def push(self, item):
        self._items.append(item)

    def pop(self):
        return self._items.pop()


def squares(n):
    if n < 0:
        raise ValueError("below zero")
    return [i * i for i in range(n)]


def third():
    return 1 / 3
