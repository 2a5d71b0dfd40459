import os


class Bad:
    def __repr__(self):
        raise SystemExit(0)

    def fail(self):
        raise BadError()


class BadError(Exception):
    def __str__(self):
        raise KeyboardInterrupt


def make():
    return Bad()
