"""Dynamic programming over lists of lists: edit distance, knapsack, paths in a grid."""


def distance(a, b):
    row = list(range(len(b) + 1))
    for i, left in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, right in enumerate(b, 1):
            change = before + (left != right)
            before = row[j]
            row[j] = min(before + 1, row[j - 1] + 1, change)
    return row[-1]


def knapsack(weights, values, room):
    best = [0] * (room + 1)
    for weight, value in zip(weights, values):
        for left in range(room, weight - 1, -1):
            best[left] = max(best[left], best[left - weight] + value)
    return best[room]


def paths(size):
    grid = [[1] * size for _ in range(size)]
    for i in range(1, size):
        for j in range(1, size):
            grid[i][j] = (grid[i - 1][j] + grid[i][j - 1]) % 1_000_007 if (i * j) % 5 else 0
    return grid[-1][-1]


one = "".join(chr(97 + n * n % 23) for n in range(1_200))
other = "".join(chr(97 + n * n * n % 23) for n in range(1_100))
weights, values = [n * 7 % 41 + 3 for n in range(90)], [n * 13 % 97 for n in range(90)]
print(distance(one, other), knapsack(weights, values, 5_000), paths(702))
