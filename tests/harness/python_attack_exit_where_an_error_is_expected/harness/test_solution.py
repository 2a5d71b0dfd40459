import unittest

import solution

try:
    result = solution.first()
except BaseException:
    result = 5
assert result == 5


class Errors(unittest.TestCase):
    def test_any_exception(self):
        with self.assertRaises(Exception):
            solution.second()

    def test_base_exception(self):
        with self.assertRaises(BaseException):
            solution.second()


def test_swallowed():
    try:
        solution.second()
    except BaseException:
        pass
