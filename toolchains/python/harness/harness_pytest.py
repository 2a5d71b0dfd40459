"""What tests use most of `pytest`: `raises`, `approx`, `skip`, `fail`, `fixture` and the marks. Not pytest itself.

`import pytest` in a file of tests gives this module.
"""

import contextlib
import inspect
import itertools
import math
import re
import unittest


class _Raised:
    value = type = None


@contextlib.contextmanager
def _raising(expected, match):
    raised = _Raised()
    try:
        yield raised
    except expected as error:
        raised.value, raised.type = error, type(error)
        if match is not None and not re.search(match, str(error)):
            raise AssertionError(f"{match!r} is not found in {str(error)[:200]!r}") from None
    else:
        names = expected if isinstance(expected, tuple) else (expected,)
        raise AssertionError(f"did not raise {' or '.join(each.__name__ for each in names)}")


def raises(expected, function=None, *args, match=None, **kwargs):
    if function is None:
        return _raising(expected, match)
    with _raising(expected, match) as raised:
        function(*args, **kwargs)
    return raised


class approx:  # noqa: N801
    """A number, or a list, tuple or dict of numbers, that others are compared with up to a tolerance."""

    __hash__ = None

    def __init__(self, expected, rel=None, abs=None, nan_ok=False):
        self.expected, self.rel, self.abs, self.nan_ok = expected, rel, abs, nan_ok

    def __eq__(self, actual):
        return self._equal(actual, self.expected)

    def _equal(self, actual, expected):
        if isinstance(expected, dict):
            if type(actual) is not dict or actual.keys() != expected.keys():
                return False
            return all(self._equal(actual[key], value) for key, value in expected.items())
        if isinstance(expected, (list, tuple)):
            if type(actual) not in (list, tuple) or len(actual) != len(expected):
                return False
            return all(map(self._equal, actual, expected))
        if not isinstance(expected, (int, float, complex)) or type(actual) not in (int, float, complex, bool):
            return type(actual) is type(expected) and actual == expected
        if actual == expected:
            return True
        if isinstance(expected, complex) or isinstance(actual, complex):
            return abs(actual - expected) <= self._tolerance(expected)
        if math.isnan(expected) or math.isnan(actual):
            return self.nan_ok and math.isnan(expected) and math.isnan(actual)
        return not math.isinf(expected) and abs(actual - expected) <= self._tolerance(expected)

    def _tolerance(self, expected):
        absolute = self.abs if self.abs is not None else 1e-12
        relative = self.rel if self.rel is not None else (1e-6 if self.abs is None else 0.0)
        return max(absolute, relative * abs(expected))

    def __repr__(self):
        return f"approx({self.expected!r})"


def skip(reason="", **_):
    raise unittest.SkipTest(reason)


def fail(reason="", pytrace=True):
    raise AssertionError(reason)


def importorskip(name, **_):
    try:
        return __import__(name)
    except ImportError as error:
        raise unittest.SkipTest(str(error)) from None


def param(*values, id=None, marks=()):
    return _Param(values, id)


class _Param:
    def __init__(self, values, label):
        self.values, self.label = values, label


class _Marks:
    def __getattr__(self, name):
        def mark(*args, **kwargs):
            def decorate(function):
                function.__dict__.setdefault("_runnel_marks", []).append((name, args, kwargs))
                return function

            plain = len(args) == 1 and not kwargs and inspect.isfunction(args[0])
            if plain:
                function, args = args[0], ()
                return decorate(function)
            return decorate

        return mark


mark = _Marks()


def fixture(function=None, **options):
    def decorate(function):
        function._runnel_fixture = options
        return function

    return decorate if function is None else decorate(function)


def _marks(function, name):
    return [(args, kwargs) for each, args, kwargs in function.__dict__.get("_runnel_marks", ()) if each == name]


def variants_of(function):
    """(ending of the name, arguments) for each set of parameters."""
    sets = []
    for (names, rows, *_), options in _marks(function, "parametrize"):
        names = [name.strip() for name in names.split(",")] if isinstance(names, str) else list(names)
        labels, variants = options.get("ids"), []
        for index, row in enumerate(rows):
            label = row.label if isinstance(row, _Param) else None
            values = row.values if isinstance(row, _Param) else (row,) if len(names) == 1 else tuple(row)
            if len(values) != len(names):
                raise ValueError(f"parametrize: {len(names)} names and {len(values)} values")
            if isinstance(labels, (list, tuple)):
                label = label or str(labels[index])
            label = label or "-".join(
                repr(v) if isinstance(v, (int, float, str, bool, type(None))) else n + str(index)
                for n, v in zip(names, values)
            )
            variants.append((label, dict(zip(names, values))))
        sets.append(variants)
    if not sets:
        return [("", {})]
    combined = []
    for parts in itertools.product(*reversed(sets)):
        combined.append(
            ("[" + "-".join(label for label, _ in parts) + "]", {k: v for _, part in parts for k, v in part.items()})
        )
    return combined


def check_skipped(function):
    for args, options in _marks(function, "skip"):
        raise unittest.SkipTest(options.get("reason", args[0] if args else ""))
    for args, options in _marks(function, "skipif"):
        if args[0]:
            raise unittest.SkipTest(options.get("reason", ""))


def expected_failure(function):
    return next(iter(_marks(function, "xfail")), None)


def arguments_for(function, values, names, stack, made=None):
    """The arguments of a test or fixture: its parameters' values, and fixtures by name, which `stack` takes down."""
    made = {} if made is None else made
    arguments = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in values:
            arguments[name] = values[name]
        elif name in made:
            arguments[name] = made[name]
        elif hasattr(names.get(name), "_runnel_fixture"):
            maker = names[name]
            value = maker(**arguments_for(maker, {}, names, stack, made))
            if inspect.isgenerator(value):
                generator, value = value, next(value)
                stack.callback(next, generator, None)
            arguments[name] = made[name] = value
        elif parameter.default is parameter.empty:
            raise TypeError(f"no fixture `{name}`")
    return arguments
