"""Standard input, output and error.

A line is seen when it is printed, as on a terminal, and yet bulk output is not one host call per line. Standard output
is in one of two states:

* `lines`: each line goes to the host as soon as it is complete. A program starts here and stays as long as it prints
  little: so whatever a program printed before it hangs or is killed has been seen.
* `bulk`: the text layer collects some lines, in C alone, and sends them together. A program gets here when it prints
  many lines in a short time, and leaves when it slows down.

Whatever the state, everything is handed to the host before the program waits (reads its input, sleeps), before
anything is written to standard error, at an explicit flush and at the end.

Rejected: asking the clock at each line, as line buffering over any object costs more than the `print` itself; and
collecting for some milliseconds in a large buffer, as nothing empties it when a program turns to silent work.
"""

import builtins
import io
from time import monotonic

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_OUT_BUFFER_BYTES = 32 * 1024
_IN_BUFFER_BYTES = 64 * 1024
# What the text layer collects: in `bulk` this is what may be unseen when a program turns from printing to silent work.
# Measured: sending so many bytes costs 15 % of printing them in short lines. With 128 it is 30 %.
_TEXT_CHUNK_BYTES = 256
# So many lines are sent one by one before the rate is looked at: a program that prints fewer has all of them seen,
# whatever happens to it. Sending one costs about 1.5 microseconds more than collecting it, 12 milliseconds in all.
_LINES_PER_CHECK = 8192
_SECONDS_PER_LINE = 30e-6
# In `bulk`: a program that prints nothing for so long has slowed down.
_PAUSE_SECONDS = 0.005


# As it is before `files` changes it: these streams have no space to run out of.
_write_raw = io.FileIO.write


class OutputBuffer(io.BufferedWriter):
    """The byte layer of standard output; decides how the text layer above it buffers."""

    # The text layer asks for this at each write. As a plain attribute it is found three times faster than the inherited
    # property, which asks on: that was a third of the cost of a `print`.
    closed = False

    def __init__(self, raw):
        super().__init__(raw, _OUT_BUFFER_BYTES)
        self.text = None
        self.in_bulk = False
        self.lines_left = _LINES_PER_CHECK
        self.since = float("inf")  # `lines`: when the rate was last looked at; `bulk`: when the last chunk came

    def write(self, data, _write=io.BufferedWriter.write):
        written = _write(self, data)
        if self.in_bulk:
            now = monotonic()
            if now - self.since >= _PAUSE_SECONDS:
                self._send_lines()
            elif len(data) >= _TEXT_CHUNK_BYTES // 2:  # or else the program writes bytes itself: those fill the buffer
                self.flush()
            self.since = now
        else:
            self.lines_left -= 1
            if self.lines_left <= 0:
                self._check_rate()
        return written

    def close(self):
        try:
            super().close()
        finally:
            self.closed = True

    def _check_rate(self):
        now = monotonic()
        self.lines_left = _LINES_PER_CHECK
        if now - self.since < _LINES_PER_CHECK * _SECONDS_PER_LINE and self.text.line_buffering:
            self.in_bulk = True
            self._buffer_lines(False)
        self.since = now

    def _send_lines(self):
        self.in_bulk = False
        self.flush()
        self._buffer_lines(True)

    def _buffer_lines(self, line_buffering):
        try:
            self.text.reconfigure(line_buffering=line_buffering)
        except ValueError:  # the program has detached the text layer, and put its own here
            pass


class Streams:
    """The three streams over three raw ones."""

    def __init__(self, raw_in, raw_out, raw_err):
        self._out_buffer = OutputBuffer(raw_out)
        self.stdout = io.TextIOWrapper(
            self._out_buffer, encoding="utf-8", errors="surrogateescape", newline="\n", line_buffering=True
        )
        self.stdout.mode = "w"
        self.stdout._CHUNK_SIZE = _TEXT_CHUNK_BYTES
        self._out_buffer.text = self.stdout

        self.stderr = io.TextIOWrapper(
            io.BufferedWriter(raw_err), encoding="utf-8", errors="backslashreplace", newline="\n", line_buffering=True
        )
        self.stderr.mode = "w"

        self.stdin = io.TextIOWrapper(
            io.BufferedReader(raw_in, _IN_BUFFER_BYTES), encoding="utf-8", errors="surrogateescape", newline="\n"
        )
        self.stdin.mode = "r"
        self.stdin._CHUNK_SIZE = _IN_BUFFER_BYTES

        raw_in.before_wait = raw_err.before_wait = self.send

    def send(self):
        """Hands everything that was printed to the host. Says nothing if it cannot: the program may have closed it."""
        for layer in (self.stdout, self._out_buffer):
            try:
                layer.flush()
                break
            except (OSError, ValueError):  # closed, or the text layer is detached
                pass

    def send_lines(self):
        """Before an end without any flush: what would have been seen on a terminal is seen."""
        if self._out_buffer.in_bulk:
            self.send()


class Input(io.FileIO):
    """Standard input; what was printed is shown before it waits."""

    before_wait = None

    def readinto(self, buffer):
        self.before_wait()
        return super().readinto(buffer)

    def readall(self):
        self.before_wait()
        return super().readall()

    def read(self, size=-1):
        self.before_wait()
        return super().read(size)


class StandardOutput(io.FileIO):
    """Standard output; spares each line the way through `files`."""

    write = _write_raw


class ErrorOutput(io.FileIO):
    """Standard error; what was printed before it comes before it."""

    before_wait = None

    def write(self, data):
        self.before_wait()
        return super().write(data)


def of_descriptors():
    """The streams over the descriptors 0, 1 and 2."""
    streams = Streams(
        Input(0, "r", closefd=False), StandardOutput(1, "w", closefd=False), ErrorOutput(2, "w", closefd=False)
    )
    streams.stdin.buffer.raw.name = "<stdin>"
    streams.stdout.buffer.raw.name = "<stdout>"
    streams.stderr.buffer.raw.name = "<stderr>"
    return streams


class _Nowhere(io.RawIOBase):
    """A raw stream with nothing in it, that takes everything."""

    def readable(self):
        return True

    def writable(self):
        return True

    def readinto(self, buffer):
        self.before_wait()
        return 0

    def write(self, data):
        return len(data)


def to_nowhere():
    """Streams that are like the real ones, for the trial runs before the snapshot."""
    return Streams(_Nowhere(), _Nowhere(), _Nowhere())
