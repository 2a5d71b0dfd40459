"""Functions that call themselves: Fibonacci, queens, Ackermann, nested containers."""


def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def queens(size, row=0, columns=0, up=0, down=0):
    if row == size:
        return 1
    found, free = 0, ~(columns | up | down) & ((1 << size) - 1)
    while free:
        place = free & -free
        free ^= place
        found += queens(size, row + 1, columns | place, (up | place) << 1, (down | place) >> 1)
    return found


def ackermann(m, n):
    if m == 0:
        return n + 1
    return ackermann(m - 1, 1) if n == 0 else ackermann(m - 1, ackermann(m, n - 1))


def depth(tree):
    return 1 + max(map(depth, tree)) if isinstance(tree, list) and tree else 0


tree = [[[[[], [1]], [[2, [3]]]] * 3] * 4] * 12
print(fibonacci(29), queens(9), ackermann(2, 200), sum(depth(tree) for _ in range(400)))
