import asyncio
import time
import unittest

import solution


async def test_result():
    assert await solution.after(0.001, 5) == 5


async def test_together():
    start = time.monotonic()
    assert await asyncio.gather(*(solution.after(0.2, n) for n in range(5))) == [0, 1, 2, 3, 4]
    assert time.monotonic() - start < 0.8


def test_run():
    assert asyncio.run(solution.after(0, "x")) == "x"


async def test_tasks_of_both_sides():
    queue = solution.Queue()
    getting = asyncio.create_task(queue.get())
    await asyncio.sleep(0.01)
    assert not getting.done()
    await queue.put(7)
    assert await getting == 7


async def test_callback():
    async def plus(x):
        await asyncio.sleep(0.001)
        return x + 1

    assert await solution.twice(plus, 1) == 3


async def test_generator():
    assert [item async for item in solution.count(3)] == [0, 1, 2]


async def test_context():
    async with solution.Resource() as resource:
        assert resource.is_open
    assert not resource.is_open


async def test_error():
    try:
        await solution.fails()
    except solution.Late as error:
        assert error.args == ("late",)
    else:
        assert False


async def test_timeout():
    try:
        await asyncio.wait_for(solution.after(30, 0), 0.05)
    except TimeoutError:
        return
    assert False


class Cases(unittest.IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        self.value = await solution.after(0, 2)

    async def test_value(self):
        self.assertEqual(self.value, 2)

    async def test_wrong(self):
        self.assertEqual(await solution.after(0, 2), 3)
