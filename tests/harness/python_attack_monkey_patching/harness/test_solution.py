from solution import add

assert add(1, 2) == 3


def test_add():
    assert add(2, 2) == 4


def test_again():
    assert add(0, 0) == 0
