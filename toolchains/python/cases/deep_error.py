# An error from a great depth is told, and the interpreter lives on to its end.
import atexit
import sys

sys.setrecursionlimit(10**6)
atexit.register(print, "the end")


def down(n):
    if n == 0:
        raise KeyError("bottom")
    down(n - 1)


try:
    down(100_000)
except KeyError as error:
    print("caught", error)
down(50_000)
