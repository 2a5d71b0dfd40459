"""The few functions of `os` and its like that need the host, or order with the streams."""

import builtins
import os
import posix

from _runnel import files
from wit_world.imports import host

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_ABORTED = 134  # as a shell shows SIGABRT


def install(standard):
    os_read, os_write = os.read, os.write

    def _exit(status):
        """Exit to the system with specified status, without normal exit processing."""
        status = status.__index__()
        standard.send_lines()
        host.exit(status & 0xFF)

    def abort():
        """Abort the interpreter immediately."""
        standard.send_lines()
        host.exit(_ABORTED)

    def read(fd, length, /):
        """Read from a file descriptor.  Returns a bytes object."""
        if fd == 0:
            standard.send()
        return os_read(fd, length)

    def write(fd, data, /):
        """Write a bytes object to a file descriptor."""
        if fd == 1 or fd == 2:
            standard.send()
        try:
            return os_write(fd, data)
        except OSError as error:
            files.put_right(error)
            raise

    for function in (_exit, abort, read, write):
        function.__module__ = "posix"
        function.__qualname__ = function.__name__
        setattr(os, function.__name__, function)
        setattr(posix, function.__name__, function)
