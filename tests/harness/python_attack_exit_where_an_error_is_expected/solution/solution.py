import os


def first():
    return 5


def second():
    os._exit(0)
