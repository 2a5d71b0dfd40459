import pytest
from unittest import mock

import solution


class Mistake(Exception):
    pass


class Node:
    def __init__(self, value, next=None):
        self.value, self.next = value, next


def test_called():
    seen = []
    assert solution.apply(lambda x: seen.append(x) or x + 1, [1, 2]) == [2, 3]
    assert seen == [1, 2]


def test_error_passes_through():
    def fail(x):
        raise Mistake("no")

    with pytest.raises(Mistake, match="no"):
        solution.apply(fail, [1])


def test_error_is_caught_there():
    def fail(x):
        raise KeyError(x)

    assert solution.safely(fail, "k") == "KeyError k"


def test_recursive():
    def back(n):
        return 0 if n == 0 else solution.forth(back, n - 1) + 1

    assert solution.forth(back, 20) == 20


def test_objects_of_the_tests():
    head = Node(1, Node(2, Node(3)))
    head = solution.reverse(head)
    assert isinstance(head, Node)
    values = []
    while head is not None:
        values.append(head.value)
        head = head.next
    assert values == [3, 2, 1]


def test_mock():
    listener = mock.Mock(return_value=4)
    assert solution.apply(listener, ["a"]) == [4]
    listener.assert_called_once_with("a")


def test_patch():
    with mock.patch("solution.helper", lambda: "patched"):
        assert solution.uses_helper() == "patched"
    assert solution.uses_helper() == "real"


def test_iterator_of_the_tests():
    def numbers():
        yield 1
        yield 2

    assert solution.total(numbers()) == 3


def test_function_of_the_solution_given_back():
    assert solution.apply(solution.double, [2]) == [4]
    adder = solution.make_adder(10)
    assert adder(5) == 15
    assert solution.apply(adder, [1]) == [11]


def test_builtin():
    assert solution.apply(str, [1]) == ["1"]
    assert solution.apply(len, ["abc"]) == [3]


def test_sort_key():
    assert solution.sort_by([(1, "b"), (2, "a")], key=lambda pair: pair[1]) == [(2, "a"), (1, "b")]
