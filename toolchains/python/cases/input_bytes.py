# Bytes are kept: through the byte layer, and through text by surrogates.
import sys

read = sys.stdin.buffer.readline
print(read())
print(sys.stdin.buffer.read(3), sys.stdin.buffer.read1(2))
rest = sys.stdin.buffer.read()
print(rest)
sys.stdout.buffer.write(rest.decode("utf-8", "surrogateescape").encode("utf-8", "surrogateescape"))
print(rest[-4:].decode("utf-8", "surrogateescape"))
