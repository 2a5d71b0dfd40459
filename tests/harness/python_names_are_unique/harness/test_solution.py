from solution import f

for _ in range(3):
    assert f() == 1


class TestSame:
    def test_a(self):
        assert f() == 1


def test_long():
    """The name of an assert is cut."""


assert f() == 1 and "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
