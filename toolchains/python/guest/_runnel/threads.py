"""Threads where there are none.

`Thread.start()` runs the target to its end before it returns. That is what the common uses need: a thread made for its
deeper stack, workers that do not wait for each other, a pool. What cannot work is refused, with a reason, instead of
hanging: a daemon thread (its loop would never end), and waiting without a limit for what only another thread could do.
A pool's `submit` runs the function and returns a finished future.
"""

import _thread
import builtins
import concurrent.futures.thread
import threading
import time

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()


def install():
    threading._ThreadHandle = _Handle
    threading._start_joinable_thread = _start_joinable_thread
    threading.Condition.wait = _wait
    concurrent.futures.thread.ThreadPoolExecutor.submit = _submit
    _install_stack_size()


class _Handle:
    """What `threading.Thread` knows of its thread."""

    def __init__(self):
        self.ident = 0
        self._done = False

    def is_done(self):
        return self._done

    def _set_done(self):
        self._done = True

    def join(self, timeout=None):
        if not self._done and timeout is None:
            raise RuntimeError("cannot join a thread that is running below this one: there is only one thread here")


def _start_joinable_thread(function, *, handle, daemon):
    if daemon:
        raise RuntimeError("can't start new thread (there is only one here, so a daemon thread cannot run beside it)")
    caller = threading._active.get(threading.get_ident())
    handle.ident = threading.get_ident()
    try:
        function()
    finally:
        handle._done = True
        threading._active[threading.get_ident()] = caller


def _wait(self, timeout=None):
    """Stands for `Condition.wait`, below which events, queues, barriers and semaphores wait."""
    if not self._is_owned():
        raise RuntimeError("cannot wait on un-acquired lock")
    if timeout is None:
        raise RuntimeError("waiting for another thread would never end: there is only one thread here")
    if timeout > 0:
        time.sleep(timeout)
    return False


def _submit(self, function, /, *args, **kwargs):
    with self._shutdown_lock:
        if self._broken:
            raise concurrent.futures.thread.BrokenThreadPool(self._broken)
        if self._shutdown:
            raise RuntimeError("cannot schedule new futures after shutdown")
    future = concurrent.futures.Future()
    future.set_running_or_notify_cancel()
    try:
        future.set_result(function(*args, **kwargs))
    except Exception as error:
        future.set_exception(error)
    return future


def _install_stack_size():
    """`threading.stack_size` takes any number, as programs set it for deep recursion, and says what was set."""
    current = 0

    def stack_size(size=0, /):
        nonlocal current
        if size < 0:
            raise ValueError("size must be 0 or a positive value")
        previous, current = current, size
        return previous

    threading.stack_size = _thread.stack_size = stack_size
