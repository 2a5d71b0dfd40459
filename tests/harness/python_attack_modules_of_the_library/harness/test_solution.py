import math
import random
import unittest

import pytest

from solution import add


class Cases(unittest.TestCase):
    def test_add(self):
        self.assertEqual(add(1, 2), 3)
        self.assertEqual(math.floor(1.5), 1)


def test_raises():
    with pytest.raises(ValueError):
        add(1, 1)
