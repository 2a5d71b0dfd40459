import itertools

import pytest

import solution


def test_lazy():
    naturals = solution.naturals()
    assert [next(naturals), next(naturals)] == [0, 1]
    assert list(itertools.islice(naturals, 3)) == [2, 3, 4]
    assert solution.made == 5


def test_ends():
    generator = solution.two()
    assert list(generator) == [1, 2]
    with pytest.raises(StopIteration):
        next(generator)
    assert next(generator, "over") == "over"


def test_send():
    averager = solution.averager()
    next(averager)
    assert averager.send(10) == 10
    assert averager.send(20) == 15
    averager.close()


def test_iterator_class():
    countdown = solution.Countdown(3)
    assert iter(countdown) is countdown
    assert list(countdown) == [3, 2, 1]


def test_sequence_class():
    assert list(solution.Sequence()) == [0, 10, 20]
    assert solution.Sequence()[1] == 10


def test_error_inside():
    generator = solution.fails()
    assert next(generator) == 1
    with pytest.raises(ValueError):
        next(generator)


def test_unpacking():
    first, *rest = solution.two()
    assert (first, rest) == (1, [2])
    assert max(solution.two()) == 2


def test_zip_and_map():
    assert list(zip(solution.two(), solution.naturals())) == [(1, 0), (2, 1)]
    assert list(solution.mapped()) == [2, 4]


def test_is_a_generator():
    assert not isinstance(solution.two(), list)
    assert iter(solution.two())
