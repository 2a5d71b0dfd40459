"""Generators, iterators and comprehensions, one feeding the next."""

from itertools import accumulate, chain, groupby, islice, takewhile


def count(start=0):
    while True:
        yield start
        start += 1


def pairs(items):
    before = None
    for item in items:
        if before is not None:
            yield before, item
        before = item


def flatten(tree):
    for item in tree:
        if isinstance(item, list):
            yield from flatten(item)
        else:
            yield item


def mean():
    total = number = 0
    while True:
        total += yield total // number if number else 0
        number += 1


checksum = sum(b - a for a, b in pairs(n * n for n in islice(count(), 700_000) if n % 3))
checksum += sum(flatten([[number, [number, [number, [number]]]] for number in range(80_000)]))
checksum += sum(len(list(group)) * key for key, group in groupby(n // 100 for n in range(600_000)))
checksum += len(list(takewhile(lambda n: n < 20_000_000_000, accumulate(chain(range(330_000), range(50_000))))))
running = mean()
next(running)
checksum += sum(running.send(n) for n in range(330_000))
print(checksum, sum(1 for row in zip(range(330_000), count(), map(str, range(330_000))) if row[0] % 2))
