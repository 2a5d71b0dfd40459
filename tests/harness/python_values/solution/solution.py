import collections

Point = collections.namedtuple("Point", "x y")


def echo(value):
    return value


def made():
    return {"t": (1, 2.5), "s": {1, 2}, "b": b"x", "n": None, "p": Point(3, 4)}


def named(a, b=2, *, c=3):
    return (a, b, c)


def is_same(pair):
    return pair[0] is pair[1]


def wrap(value):
    assert value[1] is value
    return {"v": value}
