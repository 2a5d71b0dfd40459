import sys

print(sys.getrecursionlimit())
sys.setrecursionlimit(2000)
print(sys.getrecursionlimit())
for wrong in (0, -1, "x"):
    try:
        sys.setrecursionlimit(wrong)
    except (ValueError, TypeError) as error:
        print(type(error).__name__)


def depth():
    try:
        return 1 + depth()
    except RecursionError:
        return 1


print(1990 < depth() <= 2000)
