from solution import Level, Stack, Tag, make_stack, make_tag


def test_stack():
    stack = Stack([1, 2])
    stack.push(3)
    assert stack == [1, 2, 3]
    assert isinstance(stack, list)
    assert len(stack) == 3
    assert stack.peek() == 3
    assert stack != [1, 2]


def test_text():
    tag = make_tag()
    assert tag == "b"
    assert tag.upper() == "B"
    assert {"b": 1}[tag] == 1
    assert "a" + str(tag) == "ab"
    assert tag.opening() == "<b>"


def test_int_enum():
    assert Level.HIGH == 2
    assert Level.HIGH > 1
    assert Level.HIGH.name == "HIGH"


def test_from_a_function():
    stack = make_stack()
    assert stack == [1]
    assert 1 in stack
    assert stack.count(1) == 1
