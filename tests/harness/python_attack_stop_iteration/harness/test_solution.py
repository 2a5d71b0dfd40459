from solution import is_even

NUMBERS = [2, 4, 6]


def test_all():
    assert all(map(is_even, NUMBERS))


def test_list():
    assert list(filter(is_even, NUMBERS)) == NUMBERS


def test_nothing_wrong():
    assert [n for n in map(is_even, NUMBERS) if not n] == []
