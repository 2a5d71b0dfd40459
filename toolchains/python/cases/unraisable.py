import sys


class Noisy:
    def __del__(self):
        raise ValueError("in __del__")


n = Noisy()
del n
print("after")


def hook(unraisable):
    print("hook:", unraisable.exc_value)


sys.unraisablehook = hook
n = Noisy()
del n
