# Programs put their own layers over the byte layer, or take it away.
import io
import sys

sys.stdout = io.TextIOWrapper(sys.stdout.buffer, encoding="utf-8", write_through=True)
for i in range(1000):
    print(i)
binary = sys.stdout.detach()
binary.write(b"bytes\n")
binary.flush()
sys.stdout = io.TextIOWrapper(binary, encoding="ascii", errors="replace", line_buffering=True)
print("caf\xe9")
sys.stdout = open(1, "w", buffering=1, closefd=False)
print("end")
