# More lines than any buffer holds, changing between slow and fast.
import sys
import time

for i in range(5000):
    print(i)
time.sleep(0.01)
print("x" * 100_000)
for i in range(3000):
    sys.stdout.write(f"{i};")
print()
for i in range(3000):
    sys.stdout.buffer.write(b"%d," % i)
sys.stdout.buffer.write(b"\n")
sys.stdout.buffer.flush()
for i in range(10):
    print("slow", i)
    time.sleep(0.006)
print("end", end="")
