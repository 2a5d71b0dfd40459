"""The report: one line of JSON for each test, on the real standard output. The server believes nothing else."""

import json
import unittest

MOST_TESTS = 10_000
_LONGEST_NAME = 200
_LONGEST_MESSAGE = 2000


class Report:
    """`write` puts text on the real standard output."""

    def __init__(self, write):
        self._write = write
        self._count = 0
        self._names = {}
        self.is_complete = True

    def record(self, name, status, message="", time_ms=0.0):
        """`status` is passed, failed, error or skipped."""
        if self._count >= MOST_TESTS:
            return
        self._count += 1
        if self._count == MOST_TESTS:
            self.is_complete = False
            name, status, message = "(more tests)", "error", f"there are {MOST_TESTS} tests or more"
        line = {"test": self._unique(_cut(name, _LONGEST_NAME)), "status": status}
        if message:
            line["message"] = _cut(message, _LONGEST_MESSAGE)
        line["time_ms"] = round(time_ms, 3)
        self._line(line)

    def done(self):
        self._line({"done": self._count})

    def _unique(self, name):
        count = self._names[name] = self._names.get(name, 0) + 1
        while count > 1:
            unique = f"{name} #{count}"
            if unique not in self._names:
                self._names[name], self._names[unique] = count, 1
                return unique
            count += 1
        return name

    def _line(self, content):
        self._write("#" + json.dumps(content, separators=(",", ":")) + "\n")


def _cut(text, most):
    text = str(text).encode("utf-8", "replace").decode()
    return text if len(text) <= most else text[: most - 1] + "…"


def describe(error, path=None, lines=()):
    """An exception in a message: its class, its text, and where in the solution, or else in the tests at `path`, it arose."""
    try:
        text = str(error)
    except Exception:
        text = "<no text>"
    if type(error) is unittest.SkipTest:
        return text
    if isinstance(error, AssertionError):
        text = text or "AssertionError"
    else:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    known = getattr(error, "__dict__", {})
    if known.get("_runnel_says_all"):
        return text
    place = known.get("_runnel_place")
    if place is None and (number := line_in(error, path)):
        place = f"line {number}: {lines[number - 1].strip()}" if number <= len(lines) else f"line {number}"
    return f"{text} ({place})" if place else text


def line_in(error, path):
    """The line of a file that an exception passed last; 0 if none."""
    number, trace = 0, error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path:
            number = trace.tb_lineno
        trace = trace.tb_next
    return number
