import pytest

import solution

print("printed by the tests")


def test_input():
    with pytest.raises(EOFError):
        solution.asks()


def test_print():
    assert solution.says("#{}") is None
