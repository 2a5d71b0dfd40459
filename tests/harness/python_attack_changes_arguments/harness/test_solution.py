from solution import f

EXPECTED = [1, 2]


def test_given_expected():
    given = list(EXPECTED)
    assert f(given) == EXPECTED
    assert EXPECTED == [1, 2]


def test_nested():
    rows = [[1], [2]]
    expected = [row[:] for row in rows]
    f(rows)
    assert rows == expected
