"""Planets around a sun: float arithmetic on attributes of small lists."""

from math import sqrt

DAYS = 365.24
SUN = 4 * 3.141592653589793**2


def bodies():
    return [
        [0.0, 0.0, 0.0, 0.0, 0.0, 0.0, SUN],
        [4.84, -1.16, -0.10, 0.00166 * DAYS, 0.00770 * DAYS, -0.00007 * DAYS, 0.00095 * SUN],
        [8.34, 4.12, -0.40, -0.00277 * DAYS, 0.00500 * DAYS, 0.00002 * DAYS, 0.00029 * SUN],
        [12.89, -15.11, -0.22, 0.00296 * DAYS, 0.00238 * DAYS, -0.00003 * DAYS, 0.00004 * SUN],
        [15.38, -25.92, 0.18, 0.00268 * DAYS, 0.00163 * DAYS, -0.00010 * DAYS, 0.00005 * SUN],
    ]


def advance(system, steps, dt=0.01):
    pairs = [(a, b) for place, a in enumerate(system) for b in system[place + 1 :]]
    for _ in range(steps):
        for a, b in pairs:
            dx, dy, dz = a[0] - b[0], a[1] - b[1], a[2] - b[2]
            square = dx * dx + dy * dy + dz * dz
            pull = dt / (square * sqrt(square))
            of_a, of_b = a[6] * pull, b[6] * pull
            a[3] -= dx * of_b
            a[4] -= dy * of_b
            a[5] -= dz * of_b
            b[3] += dx * of_a
            b[4] += dy * of_a
            b[5] += dz * of_a
        for body in system:
            body[0] += dt * body[3]
            body[1] += dt * body[4]
            body[2] += dt * body[5]


system = bodies()
advance(system, 100_000)
print(f"{sum(body[0] + body[1] + body[2] for body in system):.6f}")
