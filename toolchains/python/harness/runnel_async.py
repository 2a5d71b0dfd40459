"""Awaiting across the link: a coroutine runs in the event loop of the side that it belongs to.

The harness's loop drives: each time one of its tasks waits for the solution it lets the solution's loop run until that
is idle, then sleeps until the solution's next timer. So tasks of both sides make progress together, over pipes that
carry one call at a time. Mixed into `runnel_link.Link`.
"""

import asyncio

_LONGEST_PAUSE = 0.02
_MOST_STEPS = 1000


class Awaiting:
    """The part of a link that awaits, and lets the other side await."""

    def __init__(self):
        self._tasks, self._last_task, self._polls = {}, 0, 0
        self._loop = None

    async def wait(self, handle, how):
        """The result of something that is awaited on the other side."""
        task = self.request("start", handle, how)
        idle = 0.0
        try:
            while True:
                self._polls += 1
                try:
                    done, value, delay = self.request("poll", task)
                finally:
                    self._polls -= 1
                if done:
                    return value
                idle = min(idle + 0.001, _LONGEST_PAUSE)
                await asyncio.sleep(max(0.0, min(delay if type(delay) is float else idle, _LONGEST_PAUSE)))
        except (asyncio.CancelledError, GeneratorExit):
            if not self.why_ended:
                self.request("cancel", task)
            raise

    def do_start(self, target, how):
        work = _anext(target) if how == "anext" else _await(target)
        self._last_task += 1
        running = asyncio._get_running_loop()
        if running is not None and (self._polls or self.trusts_all):
            self._tasks[self._last_task] = running.create_task(work)
        elif self.trusts_all:
            self._tasks[self._last_task] = self._own_loop().create_task(work)
        else:
            self._tasks[self._last_task] = _finished(work)
        return self._last_task

    def do_poll(self, number):
        task, delay = self._tasks[number], None
        if not task.done() and asyncio._get_running_loop() is None:
            delay = self._run_until_idle(task)
        if not task.done():
            return False, None, delay
        del self._tasks[number]
        return True, task.result(), None

    def do_cancel(self, number):
        task = self._tasks.pop(number, None)
        if task is not None and not task.done():
            task.cancel()
            if asyncio._get_running_loop() is None:
                self._run_until_idle(task)

    def _own_loop(self):
        if self._loop is None:
            self._loop = asyncio.new_event_loop()
            asyncio.set_event_loop(self._loop)
        return self._loop

    def _run_until_idle(self, task):
        """Seconds until the loop's next timer; None if there is none."""
        loop = self._own_loop()
        for _ in range(_MOST_STEPS):
            loop.call_soon(loop.stop)
            loop.run_forever()
            if task.done() or not loop._ready:
                break
        if loop._ready:
            return 0.0
        return float(loop._scheduled[0]._when - loop.time()) if loop._scheduled else None


class _Outcome:
    """A task that is over."""

    def __init__(self, result, error):
        self._result, self._error = result, error

    def done(self):
        return True

    def result(self):
        if self._error is not None:
            raise self._error
        return self._result


def _finished(work):
    """Runs to its end what nobody's loop can run: the call that wants it has stopped them all."""
    outer = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    loop = asyncio.new_event_loop()
    try:
        return _Outcome(loop.run_until_complete(work), None)
    except Exception as error:
        return _Outcome(None, error)
    finally:
        loop.close()
        asyncio._set_running_loop(outer)


async def _await(target):
    return await target


async def _anext(target):
    try:
        return True, await type(target).__anext__(target)
    except StopAsyncIteration:
        return False, None
