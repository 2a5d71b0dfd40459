# Generators, comprehensions, itertools.
from itertools import islice, takewhile


def count(to):
    for n in range(to):
        yield n


def walk(depth):
    if depth == 0:
        yield 1
        return
    yield from walk(depth - 1)
    yield depth
    yield from walk(depth - 1)


total = sum(n for n in count(4_000_000) if n % 3 == 0)
total += sum(walk(17))
total += sum(len([*islice(count(100), 10)]) for _ in range(120_000))
total += sum(takewhile(lambda n: n < 400_000, count(1_000_000)))
print(total)
