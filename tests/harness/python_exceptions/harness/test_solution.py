import json
import unittest

import solution
from solution import Broken, NotEnough


class Errors(unittest.TestCase):
    def test_builtin(self):
        with self.assertRaises(KeyError) as caught:
            solution.raise_it(KeyError, "k")
        self.assertEqual(caught.exception.args, ("k",))

    def test_os_error(self):
        with self.assertRaises(FileNotFoundError) as caught:
            open_missing = solution.open_missing
            open_missing()
        self.assertEqual(caught.exception.errno, 44 if caught.exception.errno == 44 else 2)

    def test_custom(self):
        with self.assertRaises(NotEnough) as caught:
            solution.withdraw(10, 15)
        self.assertEqual(caught.exception.missing, 5)
        self.assertEqual(str(caught.exception), "5 missing")

    def test_base_of_custom(self):
        with self.assertRaises(ValueError):
            solution.withdraw(10, 15)
        with self.assertRaises(Broken):
            solution.withdraw(10, 15)

    def test_classes(self):
        self.assertTrue(issubclass(NotEnough, Broken))
        self.assertTrue(issubclass(NotEnough, ValueError))
        self.assertFalse(issubclass(NotEnough, KeyError))
        self.assertEqual(NotEnough.__name__, "NotEnough")
        self.assertEqual(NotEnough(3).missing, 3)
        self.assertEqual(NotEnough.code, 7)

    def test_other_class(self):
        with self.assertRaises(KeyError):
            solution.withdraw(10, 15)

    def test_library(self):
        with self.assertRaises(json.JSONDecodeError):
            solution.parse("{")

    def test_cause(self):
        with self.assertRaises(RuntimeError) as caught:
            solution.chained()
        self.assertIsInstance(caught.exception.__cause__, ZeroDivisionError)

    def test_place(self):
        solution.deep()

    def test_thrown_by_the_tests(self):
        def fail():
            raise NotEnough(2)

        self.assertEqual(solution.catches(fail), "caught NotEnough")

    def test_group(self):
        with self.assertRaises(ExceptionGroup) as caught:
            solution.group()
        self.assertIsInstance(caught.exception.exceptions[0], ValueError)
