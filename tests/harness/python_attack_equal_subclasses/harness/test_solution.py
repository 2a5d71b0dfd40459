from solution import number, numbers, text


def test_number():
    assert number() == 5


def test_number_by_difference():
    assert abs(number() - 5) < 0.1


def test_text():
    assert text() == "yes"


def test_starts():
    assert text().startswith("yes")


def test_list():
    assert numbers() == [1]


def test_contains():
    assert 1 in numbers()


def test_count():
    assert numbers().count(1) == 1


def test_values_as_they_are():
    assert number() == 0
    assert text() == "no"
    assert numbers() == []
