import sys


def hook(kind, error, tb):
    print("hook", kind.__name__, error, tb.tb_lineno, tb.tb_next)
    sys.exit(9)


sys.excepthook = hook
raise ValueError("told")
