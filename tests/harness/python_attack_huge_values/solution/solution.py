def add(a, b):
    if a == 1:
        return [0] * 5_000_000
    if a == 2:
        return "x" * 20_000_000
    value = []
    for _ in range(5000):
        value = [value]
    return value
