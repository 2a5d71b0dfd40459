# expect: memory_limit
# limits: {"memory_mb": 96}
# Small objects that hold each other.
kept = None
while True:
    kept = [kept, {}, {"x": kept}]
