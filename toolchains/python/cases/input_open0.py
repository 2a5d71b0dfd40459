# open(0) is the input too, and os.read.
import os

print(os.read(0, 4))
with open(0, closefd=False) as file:
    print(file.read().split())
print(repr(open(0).read()))
