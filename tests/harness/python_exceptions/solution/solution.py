import json


class Broken(Exception):
    pass


class NotEnough(Broken, ValueError):
    code = 7

    def __init__(self, missing):
        super().__init__(f"{missing} missing")
        self.missing = missing


def raise_it(kind, *args):
    raise kind(*args)


def open_missing():
    open("/box/no such file")


def withdraw(have, want):
    raise NotEnough(want - have)


def parse(text):
    return json.loads(text)


def chained():
    try:
        1 / 0
    except ZeroDivisionError as error:
        raise RuntimeError("outer") from error


def deep():
    return {}["missing"]


def catches(function):
    try:
        function()
    except NotEnough as error:
        return f"caught {type(error).__name__}"


def group():
    raise ExceptionGroup("several", [ValueError(1), TypeError(2)])
