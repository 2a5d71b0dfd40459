"""The report: one line of JSON for each test, on the real standard output. The server believes nothing else."""

import json

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


def describe(error):
    """An exception in a message: its class, its text, and where in the solution it arose."""
    try:
        text = str(error)
    except Exception:
        text = "<no text>"
    if isinstance(error, AssertionError):
        text = text or "AssertionError"
    else:
        text = f"{type(error).__name__}: {text}" if text else type(error).__name__
    place = getattr(error, "__dict__", {}).get("_runnel_place")
    return f"{text} ({place})" if place else text
