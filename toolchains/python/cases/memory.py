try:
    block = bytearray(2**30)
except MemoryError:
    print("MemoryError")
kept = []
try:
    while True:
        kept.append(bytearray(2**20))
except MemoryError:
    count = len(kept)
    kept.clear()
    print("MemoryError", count > 50)
try:
    [0] * 10**10
except (MemoryError, OverflowError):
    print("too large")
print(len([0] * 10**6))
