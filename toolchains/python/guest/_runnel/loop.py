"""An event loop for `asyncio` in a world without sockets, pipes and threads.

The loop of the standard library wakes itself through a socket pair. Here nothing can wake it: there is one thread, and
no descriptor can be waited for. So the loop sleeps until its next timer, and where nothing is scheduled it says so
instead of sleeping for ever. `run_in_executor` runs the function at once and returns a finished future.
"""

import asyncio
import asyncio.base_events
import asyncio.events
import asyncio.unix_events
import builtins
import time

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()


class CellEventLoop(asyncio.base_events.BaseEventLoop):
    """The only kind of event loop there is in a cell."""

    def __init__(self, selector=None):
        super().__init__()
        self._selector = _Timer()

    def _process_events(self, events):
        pass

    def _write_to_self(self):
        pass

    def run_in_executor(self, executor, func, *args):
        self._check_closed()
        if self._debug:
            self._check_callback(func, "run_in_executor")
        if executor is not None:
            return asyncio.wrap_future(executor.submit(func, *args), loop=self)
        future = self.create_future()
        try:
            result = func(*args)
        except Exception as error:
            future.set_exception(error)
        else:
            future.set_result(result)
        return future

    async def getaddrinfo(self, *args, **kwargs):
        raise OSError("there is no network here")

    getnameinfo = create_connection = create_server = getaddrinfo
    create_datagram_endpoint = create_unix_connection = create_unix_server = getaddrinfo

    async def subprocess_exec(self, *args, **kwargs):
        raise OSError("there are no processes here")

    subprocess_shell = subprocess_exec

    async def connect_read_pipe(self, *args, **kwargs):
        raise OSError("no descriptor can be waited for here; read in run_in_executor, or plainly")

    connect_write_pipe = connect_read_pipe

    def add_signal_handler(self, sig, callback, *args):
        raise RuntimeError("there are no signals here")


class _Timer:
    """Stands where a loop has its selector: waits for time only."""

    def select(self, timeout):
        if timeout is None:
            raise RuntimeError("deadlock: every task waits, and nothing is left that could wake one")
        if timeout > 0:
            time.sleep(timeout)
        return ()

    def close(self):
        pass


def install():
    """Makes it the loop of `asyncio.run`, `Runner`, `new_event_loop` and the policies."""
    asyncio.SelectorEventLoop = asyncio.EventLoop = CellEventLoop
    asyncio.unix_events.SelectorEventLoop = asyncio.unix_events.EventLoop = CellEventLoop
    asyncio.unix_events._DefaultEventLoopPolicy._loop_factory = CellEventLoop
    # Whoever built the guest may have left a loop of its own, even a running one.
    asyncio.events._set_running_loop(None)
    asyncio.events._event_loop_policy = None
