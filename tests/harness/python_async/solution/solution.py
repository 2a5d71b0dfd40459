import asyncio


class Late(Exception):
    pass


async def after(seconds, value):
    await asyncio.sleep(seconds)
    return value


async def twice(function, value):
    return await function(await function(value))


async def count(n):
    for i in range(n):
        await asyncio.sleep(0)
        yield i


async def fails():
    await asyncio.sleep(0)
    raise Late("late")


class Queue:
    def __init__(self):
        self._queue = asyncio.Queue()

    async def get(self):
        return await self._queue.get()

    async def put(self, item):
        await self._queue.put(item)


class Resource:
    is_open = False

    async def __aenter__(self):
        self.is_open = True
        return self

    async def __aexit__(self, *error):
        self.is_open = False
