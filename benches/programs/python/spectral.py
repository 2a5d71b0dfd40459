"""The largest singular value of a matrix that is computed as it is used: calls and comprehensions over floats."""

from math import sqrt


def entry(row, column):
    return 1.0 / ((row + column) * (row + column + 1) // 2 + row + 1)


def times(vector):
    size = range(len(vector))
    return [sum(entry(row, column) * vector[column] for column in size) for row in size]


def transposed_times(vector):
    size = range(len(vector))
    return [sum(entry(column, row) * vector[column] for column in size) for row in size]


u = [1.0] * 220
for _ in range(10):
    v = transposed_times(times(u))
    u = transposed_times(times(v))
print(f"{sqrt(sum(a * b for a, b in zip(u, v)) / sum(b * b for b in v)):.9f}")
