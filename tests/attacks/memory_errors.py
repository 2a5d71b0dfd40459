# expect: memory_limit
# limits: {"memory_mb": 96}
# Catches the want of memory, and asks again with everything that it has still in hand.
kept = []
size = 1 << 24
while True:
    try:
        kept.append(bytearray(size))
    except MemoryError:
        size //= 2
        if size < 64:
            raise
