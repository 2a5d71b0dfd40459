"""Clocks that count from the start of the program.

The C library has no clock of the processor's time here, and what it answers instead is negative: the offset was taken
while the guest was built. So the time of the process is the time that passed, without the time spent asleep.
"""

import builtins
import time
from time import monotonic_ns as _monotonic_ns
from time import sleep as _sleep

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_start_ns = 0
_asleep_ns = 0
_before_sleep = None


def start():
    """Called when the program starts."""
    global _start_ns
    _start_ns = _monotonic_ns()


def install(before_sleep):
    """Puts the clocks into `time`; `before_sleep` is called before each sleep."""
    global _before_sleep
    _before_sleep = before_sleep
    for name in ("process_time", "process_time_ns", "thread_time", "thread_time_ns", "sleep"):
        replacement = globals()[name]
        replacement.__module__ = "time"
        setattr(time, name, replacement)
    time.get_clock_info = _get_clock_info


class ProgramStart:
    """Stands for the wall clock's time of the start in nanoseconds, for `logging`, which subtracts it."""

    def __rsub__(self, wall_ns):
        return wall_ns - (time.time_ns() - (_monotonic_ns() - _start_ns))


def process_time_ns():
    return _monotonic_ns() - _start_ns - _asleep_ns


def process_time():
    return (_monotonic_ns() - _start_ns - _asleep_ns) / 1e9


def thread_time_ns():
    return _monotonic_ns() - _start_ns - _asleep_ns


def thread_time():
    return (_monotonic_ns() - _start_ns - _asleep_ns) / 1e9


def sleep(seconds, /):
    global _asleep_ns
    _before_sleep()
    begin = _monotonic_ns()
    _sleep(seconds)
    _asleep_ns += _monotonic_ns() - begin


def _get_clock_info(name, _original=time.get_clock_info):
    info = _original("monotonic" if name in ("process_time", "thread_time") else name)
    info.adjustable = name == "time"
    return info
