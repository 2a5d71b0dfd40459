import asyncio


class Away(BaseException):
    pass


def interrupt():
    raise KeyboardInterrupt


def leave():
    raise Away("gone")


async def cancel():
    raise asyncio.CancelledError
