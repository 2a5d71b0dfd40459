# expect: timeout
# limits: {"time_ms": 400}
# Inside one operation, where no interpreter looks up.
x = 7 ** 1_000_000
while True:
    x = x * x % (7 ** 999_999)
