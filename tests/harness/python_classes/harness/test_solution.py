import copy

import pytest
import runnel_harness

from solution import Account, Color, Grid, Point, Temperature, Timer, Vector, make_vector


def test_attributes():
    account = Account("ann", 5)
    account.deposit(10)
    assert account.balance == 15
    assert account.owner == "ann"
    account.owner = "bob"
    assert account.describe() == "bob: 15"
    assert Account.count == 1
    with pytest.raises(AttributeError):
        account.nothing
    with pytest.raises(AttributeError):
        account.balance = 3
    assert not hasattr(account, "nothing")
    assert Account.from_text("eve:3").balance == 3
    assert Account.is_name("x")


def test_operators():
    v = Vector(1, 2)
    assert v + Vector(3, 4) == Vector(4, 6)
    assert v != Vector(1, 3)
    assert v * 3 == Vector(3, 6)
    assert 3 * v == Vector(3, 6)
    assert -v == Vector(-1, -2)
    assert abs(Vector(3, 4)) == 5.0
    assert v @ Vector(1, 1) == 3
    assert len(v) == 2
    assert list(v) == [1, 2]
    assert v[0] == 1
    assert 2 in v
    assert str(v) == "(1, 2)"
    assert repr(v) == "Vector(1, 2)"
    assert f"{v:x}" == "x(1, 2)"
    assert bool(Vector(0, 0)) is False
    assert v < Vector(5, 5)
    assert hash(v) == hash(Vector(1, 2))
    assert {v: 1}[Vector(1, 2)] == 1
    assert isinstance(v, Vector)
    assert not isinstance(v, Account)
    assert v(2) == 5
    v += Vector(1, 1)
    assert v == Vector(2, 3)
    assert sorted([Vector(2, 0), Vector(1, 0)])[0] == Vector(1, 0)
    with pytest.raises(TypeError):
        v + "x"


def test_items():
    grid = Grid()
    grid[1, 2] = "x"
    assert grid[1, 2] == "x"
    del grid[1, 2]
    with pytest.raises(KeyError):
        grid[1, 2]


def test_context():
    with Timer() as timer:
        assert timer.running
    assert not timer.running
    with Timer():
        raise ValueError("swallowed")


def test_equal_to_plain():
    assert not Temperature(20) == 20
    assert runnel_harness.delegate(Temperature(20)) == 20


def test_ordered_with_plain():
    assert Temperature(20) < 21


def test_from_a_function():
    assert make_vector() == Vector(1, 1)
    with pytest.raises(TypeError):
        make_vector() * 2
    assert runnel_harness.delegate(make_vector()) * 2 == Vector(2, 2)


def test_enum():
    assert Color.RED is Color.RED
    assert Color.RED != Color.BLUE
    assert Color.RED.value == 1
    assert Color("blue-ish") is Color.BLUE if False else Color(2) is Color.BLUE
    assert [color.name for color in Color] == ["RED", "BLUE"]


def test_dataclass():
    assert Point(1, 2) == Point(1, 2)
    assert Point(1, 2).x == 1
    assert repr(Point(1, 2)) == "Point(x=1, y=2)"


def test_copies():
    account = Account("ann", 1)
    other = copy.deepcopy(account)
    other.deposit(1)
    assert account.balance == 1
    assert other.balance == 2


def test_nothing_to_iterate():
    with pytest.raises(TypeError):
        list(Account("a", 1))
    with pytest.raises(TypeError):
        len(Account("a", 1))
    assert not callable(Account("a", 1))
    assert callable(Account)
