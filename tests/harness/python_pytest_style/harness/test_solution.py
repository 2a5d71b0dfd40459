import pytest

from solution import divide, words


@pytest.fixture
def text():
    yield "a b"


@pytest.mark.parametrize("a, b, expected", [(6, 3, 2), (1, 4, 0.25), (1, 3, 0.3)])
def test_divide(a, b, expected):
    assert divide(a, b) == expected


def test_close():
    assert divide(1, 3) == pytest.approx(0.333333, rel=1e-3)


def test_zero():
    with pytest.raises(ZeroDivisionError, match="division"):
        divide(1, 0)


def test_does_not_raise():
    with pytest.raises(ValueError):
        divide(1, 1)


def test_fixture(text):
    assert words(text) == ["a", "b"]


@pytest.mark.skip(reason="later")
def test_skipped():
    assert False


class TestWords:
    def setup_method(self):
        self.text = "x y z"

    def test_three(self):
        assert len(words(self.text)) == 3

    def test_two(self):
        assert words(self.text)[:2] == ["x", "z"]
