# A closed standard output is an error for who prints, and an end like any other.
import sys

print("before")
sys.stdout.close()
print(sys.stdout.closed, sys.stdout.buffer.closed, file=sys.stderr)
try:
    print("after")
except ValueError as error:
    print(error, file=sys.stderr)
