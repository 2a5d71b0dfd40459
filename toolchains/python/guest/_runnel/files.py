"""Says "no space left" where the C library can only say "I/O error".

The library of this target turns every failure of a stream that is written into EIO. A file of a sandbox lies in memory
and its one way to fail is that the limit is reached, so the number is put right here. Installed by `snapshot`.
"""

import builtins
import errno
import gc
import io
import os
import sys

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_TEXT = os.strerror(errno.ENOSPC)


def put_right(error):
    """Corrects the error in place."""
    if error.errno == errno.EIO:
        error.errno, error.strerror = errno.ENOSPC, _TEXT


def install():
    original = io.FileIO.write

    def write(self, data, /):
        """Write buffer data to file, return the number of bytes written."""
        try:
            return original(self, data)
        except OSError as error:
            put_right(error)
            raise

    # `open` makes objects of exactly this type, whose attributes can't be set: its dictionary can be changed below
    # that, if the interpreter's memory of what it has looked up there is cleared too.
    [attributes] = gc.get_referents(io.FileIO.__dict__)
    attributes["write"] = write
    sys._clear_internal_caches()
    sys._clear_type_cache()
    return original
