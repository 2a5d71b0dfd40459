def around(radius):
    return int(2 * 3.14159 * radius)
