"""Runs what a file of tests defines: `unittest` classes, test functions, classes of test methods. Used by `harness_host`."""

import asyncio
import contextlib
import inspect
import time
import unittest

import harness_pytest
from harness_report import describe

_unittest = unittest.TestCase


class Runner:
    """Runs tests one after the other and reports each."""

    def __init__(self, link, report):
        self._link, self._report = link, report
        self.is_running = False
        self.path, self.lines = None, ()  # of the file of tests

    def run(self, name, call):
        """One test: whatever `call` raises is its result."""
        self.is_running = True
        with self.reported(name):
            try:
                call()
            finally:
                self.is_running = False

    @contextlib.contextmanager
    def reported(self, name, raises_inside=False):
        """Reports what the block does. In a running test a failure is the test's, if `raises_inside`."""
        if raises_inside and self.is_running:
            yield
            return
        start = time.perf_counter()
        status, message = "passed", ""
        try:
            yield
        except BaseException as error:
            status, message = status_of(error), self.describe(error)
        self.record(name, status, message, start)

    def describe(self, error):
        return describe(error, self.path, self.lines)

    def record(self, name, status, message, start):
        if self._link.why_ended:
            # Whatever the tests made of it: a solution that is over passes nothing from there on.
            status, message = "error", self._link.why_ended
        self._report.record(name, status, message, (time.perf_counter() - start) * 1000)

    def run_all(self, module):
        for name, value in list(vars(module).items()):
            kind = type(value)
            if kind is type and issubclass(value, _unittest):
                if value.__module__ == module.__name__:
                    self._run_unittest(value)
            elif kind is type and name.startswith("Test"):
                self._run_class(value, module)
            elif inspect.isfunction(value) and name.startswith("test") and value.__module__ == module.__name__:
                self._run_function(name, value, module)

    def _run_unittest(self, cls):
        suite = unittest.defaultTestLoader.loadTestsFromTestCase(cls)
        result = _Result(self)
        self.is_running = True
        try:
            suite.run(result)
        except BaseException as error:
            self._report.record(f"{cls.__name__} (class)", "error", self.describe(error))
        finally:
            self.is_running = False

    def _run_class(self, cls, module):
        setup_class, teardown_class = getattr(cls, "setup_class", None), getattr(cls, "teardown_class", None)
        if setup_class and not self._hook(f"{cls.__name__}.setup_class", setup_class):
            return
        for name, function in list(vars(cls).items()):
            if inspect.isfunction(function) and name.startswith("test"):
                self._run_function(f"{cls.__name__}.{name}", function, module, cls)
        if teardown_class:
            self._hook(f"{cls.__name__}.teardown_class", teardown_class)

    def _hook(self, name, call):
        try:
            call()
        except BaseException as error:
            self._report.record(name, "error", self.describe(error))
            return False
        return True

    def _run_function(self, name, function, module, cls=None):
        try:
            variants = harness_pytest.variants_of(function)
        except Exception as error:
            self._report.record(name, "error", self.describe(error))
            return
        for label, values in variants:

            def call(values=values):
                with contextlib.ExitStack() as stack:
                    bound = function
                    if cls is not None:
                        instance = cls()
                        bound = function.__get__(instance)
                        if hasattr(instance, "teardown_method"):
                            stack.callback(_call_hook, instance.teardown_method, bound)
                        if hasattr(instance, "setup_method"):
                            _call_hook(instance.setup_method, bound)
                    arguments = harness_pytest.arguments_for(bound, values, vars(module), stack)
                    harness_pytest.check_skipped(function)
                    expected = harness_pytest.expected_failure(function)
                    result = _until_done(bound, arguments) if expected is None else None
                    if expected is not None:
                        try:
                            _until_done(bound, arguments)
                        except Exception as error:
                            raise unittest.SkipTest(f"fails as expected: {self.describe(error)}") from None
                    del result

            self.run(name + label, call)


def _until_done(function, arguments):
    result = function(**arguments)
    if inspect.iscoroutine(result):
        return asyncio.run(result)
    return result


def _call_hook(hook, method):
    hook(method) if inspect.signature(hook).parameters else hook()


def status_of(error):
    if isinstance(error, AssertionError):
        return "failed"
    return "skipped" if type(error) is unittest.SkipTest else "error"


class _Result(unittest.TestResult):
    """What `unittest` tells of its tests."""

    def __init__(self, runner):
        super().__init__()
        self._runner = runner
        self._start, self._is_told = time.perf_counter(), False

    def startTest(self, test):
        super().startTest(test)
        self._start, self._is_told = time.perf_counter(), False

    def _tell(self, test, status, message=""):
        self._is_told = True
        self._runner.record(_name_of(test), status, message, self._start)

    def stopTest(self, test):
        if not self._is_told:
            self._tell(test, "failed", "a subtest failed")
        super().stopTest(test)

    def addSuccess(self, test):
        self._tell(test, "passed")

    def addFailure(self, test, err):
        self._tell(test, "failed", self._runner.describe(err[1]))

    def addError(self, test, err):
        self._tell(test, "error", self._runner.describe(err[1]))

    def addSkip(self, test, reason):
        self._tell(test, "skipped", reason)

    def addExpectedFailure(self, test, err):
        self._tell(test, "passed", f"fails as expected: {self._runner.describe(err[1])}")

    def addUnexpectedSuccess(self, test):
        self._tell(test, "failed", "expected to fail, and did not")

    def addSubTest(self, test, subtest, err):
        status = "passed" if err is None else status_of(err[1])
        self._runner.record(
            _name_of(subtest), status, "" if err is None else self._runner.describe(err[1]), self._start
        )


def _name_of(test):
    method = getattr(test, "test_case", test)
    if not isinstance(method, _unittest):
        return str(test)  # setUpClass and its like
    name = f"{type(method).__name__}.{method._testMethodName}"
    return f"{name} {test._subDescription()}" if method is not test else name
