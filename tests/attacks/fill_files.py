# expect: success
# holds: stopped in time
# limits: {"files_mb": 4, "time_ms": 20000}
# Bytes, names and holes without end.
import os
stopped = 0
try:
    with open("big", "wb") as file:
        for _ in range(1000):
            file.write(bytes(65536))
except OSError:
    stopped += 1
os.remove("big")
try:
    with open("hole", "wb") as file:
        file.seek(1 << 50)
        file.write(b"x")
    os.truncate("hole", 1 << 60)
except (OSError, OverflowError):
    stopped += 1
try:
    for n in range(100_000):
        open(f"/tmp/{n}", "w").close()
except OSError:
    stopped += 1
print("stopped in time" if stopped == 3 else f"WORKED {stopped}")
