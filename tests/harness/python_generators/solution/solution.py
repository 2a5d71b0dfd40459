made = 0


def naturals():
    global made
    n = 0
    while True:
        made += 1
        yield n
        n += 1


def two():
    yield 1
    yield 2


def averager():
    total = count = 0
    average = None
    while True:
        total += yield average
        count += 1
        average = total / count


class Countdown:
    def __init__(self, n):
        self.n = n

    def __iter__(self):
        return self

    def __next__(self):
        if self.n == 0:
            raise StopIteration
        self.n -= 1
        return self.n + 1


class Sequence:
    def __getitem__(self, index):
        if index > 2:
            raise IndexError
        return index * 10


def fails():
    yield 1
    raise ValueError


def mapped():
    return map(lambda x: x * 2, two())
