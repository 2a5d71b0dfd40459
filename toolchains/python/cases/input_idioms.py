# The usual ways to read fast, one after the other on one input.
import sys

print(repr(input()))
print(repr(sys.stdin.readline()))
read = sys.stdin.readline
print([int(word) for word in read().split()])
for line in sys.stdin:
    print(repr(line))
    if line.startswith("stop"):
        break
print(sys.stdin.readlines(8))
print(repr(sys.stdin.read()))
print(repr(sys.stdin.read()), repr(sys.stdin.readline()))
