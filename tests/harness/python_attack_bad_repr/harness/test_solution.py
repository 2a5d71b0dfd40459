from solution import make


def test_equal():
    assert make() == 1


def test_error():
    make().fail()
