# Text, bytes and descriptors in one order, whatever layer they go through.
import contextlib
import io
import os
import sys

print("line", 1, sep="-", end="!\n")
sys.stdout.write("part, ")
sys.stdout.write("rest\n")
sys.stdout.flush()
sys.stdout.buffer.write(b"bytes\n")
sys.stdout.buffer.flush()
os.write(1, b"descriptor\n")
print("é漢😀", "\udcff" == b"\xff".decode("utf-8", "surrogateescape"))
with contextlib.redirect_stdout(io.StringIO()) as caught:
    print("caught")
print(repr(caught.getvalue()))
sys.stdout.writelines(["a\n", "b\n"])
print(sys.stdout.encoding, sys.stdout.fileno(), sys.stdout.isatty(), sys.stdout.name, sys.stdout.mode)
print(sys.stdin.encoding, sys.stdin.fileno(), sys.stdin.name, sys.stdin.errors)
print(sys.stderr.encoding, sys.stderr.fileno(), sys.stderr.name, sys.stderr.errors)
sys.stdout.reconfigure(encoding="latin-1")
print("\xe9".encode("latin-1") == b"\xe9")
sys.stdout.reconfigure(encoding="utf-8", line_buffering=True)
sys.stdout = open(1, "w", closefd=False)
print("through open(1)")
sys.stdout.flush()
sys.stdout = sys.__stdout__
print("end")
