import unittest

import solution


class First(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.base = 10

    def setUp(self):
        self.stack = solution.Stack()

    def tearDown(self):
        self.stack = None

    def test_push(self):
        self.stack.push(self.base)
        self.assertEqual(self.stack.pop(), 10)

    def test_empty(self):
        with self.assertRaises(IndexError):
            self.stack.pop()

    def test_wrong(self):
        self.stack.push(1)
        self.assertEqual(self.stack.pop(), 2, "what was pushed")

    def test_lists(self):
        self.assertListEqual(solution.squares(3), [0, 1, 5])

    def test_raises_wrong(self):
        with self.assertRaisesRegex(ValueError, "negative"):
            solution.squares(-1)

    @unittest.skip("not now")
    def test_skipped(self):
        self.fail()

    @unittest.expectedFailure
    def test_expected(self):
        self.assertTrue(False)

    @unittest.expectedFailure
    def test_unexpected(self):
        pass

    def test_subtests(self):
        for n in range(3):
            with self.subTest(n=n):
                self.assertEqual(solution.squares(n), [0, 1][:n])

    def test_almost(self):
        self.assertAlmostEqual(solution.third(), 0.3333333333)


class Broken(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        raise RuntimeError("no set-up")

    def test_never(self):
        pass


if __name__ == "__main__":
    unittest.main()
