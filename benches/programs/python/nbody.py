# Attributes with numbers in them: five bodies and their pull on each other.
class Body:
    __slots__ = ("x", "y", "z", "vx", "vy", "vz", "mass")

    def __init__(self, *values):
        self.x, self.y, self.z, self.vx, self.vy, self.vz, self.mass = values


bodies = [
    Body(0.0, 0.0, 0.0, 0.0, 0.0, 0.0, 40.0),
    Body(5.0, -1.0, 0.0, 0.6, 2.8, 0.02, 0.04),
    Body(8.0, 4.0, -0.4, -1.0, 1.8, 0.008, 0.01),
    Body(13.0, -15.0, -0.2, 1.0, 0.9, -0.01, 0.002),
    Body(15.0, -26.0, 0.2, 0.98, 0.6, -0.03, 0.002),
]
pairs = [(a, b) for i, a in enumerate(bodies) for b in bodies[i + 1 :]]
for _ in range(50_000):
    for a, b in pairs:
        dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
        square = dx * dx + dy * dy + dz * dz
        pull = 0.001 / (square * square**0.5)
        a.vx -= dx * b.mass * pull
        a.vy -= dy * b.mass * pull
        a.vz -= dz * b.mass * pull
        b.vx += dx * a.mass * pull
        b.vy += dy * a.mass * pull
        b.vz += dz * a.mass * pull
    for one in bodies:
        one.x += 0.001 * one.vx
        one.y += 0.001 * one.vy
        one.z += 0.001 * one.vz
print(*(f"{one.x:.9f}" for one in bodies))
