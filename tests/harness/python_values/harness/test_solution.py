import collections
import datetime
import decimal
import fractions
import math

import solution

VALUES = [
    None, True, 0, -1, 2**62, -(2**200), 10**5000, 0.1, -0.0, 1e308, float("inf"), 3 + 4j, "", "\u00e9\U0001f600\n\0",
    "\ud800", "\ud83d\ude00", b"", b"\x00\xff", bytearray(b"ab"), [], [1, [2, [3]]], (), (1, (2,)), {}, {"a": {1: (2,)}},
    {1: "a", (1, 2): "b", None: "c", 1.5: "d", b"x": "e"}, set(), {1, "a"}, frozenset({1, (2,)}), range(1, 10, 2), slice(1, None),
    datetime.datetime(2024, 2, 29, 1, 2, 3, 4), datetime.datetime(2024, 1, 1, tzinfo=datetime.timezone.utc),
    datetime.date(2024, 1, 1), datetime.time(1, 2), datetime.timedelta(days=-1, seconds=5), decimal.Decimal("1.10"),
    fractions.Fraction(1, 3), ..., NotImplemented, collections.deque([1, 2], 5), collections.Counter("aab"),
    collections.OrderedDict([(2, 1), (1, 2)]), int, ValueError,
]


def test_there_and_back():
    for value in VALUES:
        back = solution.echo(value)
        assert type(back) is type(value)
        assert back == value
        assert value == 10**5000 or repr(back) == repr(value)


def test_nan():
    assert math.isnan(solution.echo(math.nan))


def test_made_there():
    assert solution.made() == {"t": (1, 2.5), "s": {1, 2}, "b": b"x", "n": None, "p": (3, 4)}


def test_namedtuple():
    point = solution.made()["p"]
    assert point.x == 3
    assert point == (3, 4)
    assert type(point).__name__ == "Point"


def test_keywords_and_defaults():
    assert solution.named(1, c=5) == (1, 2, 5)
    assert solution.named(a=3, b=4, c=0) == (3, 4, 0)


def test_shared():
    inner = []
    assert solution.is_same([inner, inner])
    assert not solution.is_same([[], []])


def test_cyclic():
    cycle = [1]
    cycle.append(cycle)
    back = solution.wrap(cycle)["v"]
    assert back is cycle


def test_int_is_not_float():
    assert type(solution.echo(1.0)) is float
    assert type(solution.echo(True)) is bool
