# Numeric: floating point in tight loops.
SIZE = 170
inside = steps = 0
for y in range(SIZE):
    for x in range(SIZE):
        cr, ci = 2.5 * x / SIZE - 2, 2 * y / SIZE - 1
        zr = zi = 0.0
        n = 0
        while n < 200 and zr * zr + zi * zi < 4:
            zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
            n += 1
        inside += n == 200
        steps += n
print(inside, steps)
