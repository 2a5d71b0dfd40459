import sys


def hook(kind, error, tb):
    raise TypeError("in the hook")


sys.excepthook = hook
raise ValueError("the first")
