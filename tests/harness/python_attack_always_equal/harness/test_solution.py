import math
import unittest

from solution import answer, answers, key


def test_equal():
    assert answer() == 42


def test_not_different():
    assert not (answer() != 42)


def test_reflected():
    assert 42 == answer()


def test_in():
    assert answer() in (41, 42)


def test_list():
    assert answers() == [1, 2]


def test_contains():
    assert 42 in answers()


def test_close():
    assert abs(answer() - 42) < 1e-9


def test_less():
    assert answer() < 43


def test_none():
    assert answer() is None


def test_set():
    assert {answer()} == {42}


def test_dictionary():
    assert {42: "yes"}[answer()] == "yes"


def test_inside():
    assert [answer()] == [42]


class Unit(unittest.TestCase):
    def test_equal(self):
        self.assertEqual(answer(), 42)

    def test_almost(self):
        self.assertAlmostEqual(answer(), 42)

    def test_in(self):
        self.assertIn(42, answer())

    def test_greater(self):
        self.assertGreater(answer(), 41)

    def test_count(self):
        self.assertCountEqual(answer(), [42])
