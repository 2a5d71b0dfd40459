import unittest

from solution import cancel, interrupt, leave


def test_interrupt():
    interrupt()


class Cases(unittest.TestCase):
    def test_interrupt(self):
        interrupt()

    def test_leave(self):
        leave()

    def test_after(self):
        self.assertTrue(True)


async def test_cancel():
    await cancel()


def test_last():
    pass
