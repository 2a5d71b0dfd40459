"""The main program of the sandbox that the tests run in: runs a file of tests against a solution in another sandbox.

    harness_host.py TESTS.py FILE...        the solution's files, named as `solution_host` gets them; FILE may be NAME=FILE

Standard input is what the solution's host writes. Standard output carries lines for it, which begin with `>`, and the
report, in lines that begin with `#`. What the tests print goes to standard error. Ends with 0 if all tests were run,
whatever their results, and with 1 if not.
"""

import importlib.abc
import importlib.util
import os
import sys
import time
import types
import unittest

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

import harness_asserts  # noqa: E402
import harness_pytest  # noqa: E402
import runnel_guard  # noqa: E402
from harness_cases import Runner  # noqa: E402
from harness_report import Report, describe  # noqa: E402
from runnel_handles import delegate  # noqa: E402
from runnel_link import Link, LinkEnded  # noqa: E402
from solution_host import modules_of  # noqa: E402


def main(arguments):
    tests, files = arguments[0], modules_of(arguments[1:])
    link = Link(">", runnel_guard.check)
    report = Report(link.write)
    sys.stdout.flush()
    sys.stdout = sys.__stdout__ = sys.stderr
    sys.argv = [os.path.basename(tests)]
    if clash := next((file for name, file in files.items() if _is_taken(name, file)), None):
        # One of the two would stand in for the other; which one must not be the solution's choice.
        report.record(clash, "error", f"`{clash}` is a file of the tests and of the solution: one must be renamed")
        report.done()
        sys.exit(1)
    sys.meta_path.insert(0, Finder(link, {name: file for name, file in files.items() if not _is_reserved(name)}))
    sys.modules["pytest"] = harness_pytest
    unittest.main = harness_pytest.main = lambda *args, **kwargs: None  # the tests are run anyway
    helper = sys.modules["runnel_harness"] = types.ModuleType("runnel_harness")
    helper.delegate, helper.SolutionEnded = delegate, LinkEnded
    runner = Runner(link, report)
    is_whole = run_file(tests, files, runner, report)
    report.done()
    sys.stderr.flush()
    os._exit(0 if is_whole and report.is_complete else 1)


def _is_taken(name, file):
    """Whether the tests have a file or a package that the module would stand before."""
    top = os.path.join(os.path.dirname(os.path.abspath(__file__)), name.partition(".")[0])
    return os.path.exists(file) or os.path.exists(top) or os.path.exists(f"{top}.py")


def _is_reserved(name):
    """Whether a module is not to be had from the solution: the tests stand on it."""
    top = name.partition(".")[0]
    return top in sys.stdlib_module_names or top in sys.modules or top in ("pytest", "runnel_harness")


def run_file(path, files, runner, report):
    """Runs one file of tests; false if it could not be run to its end."""
    name = os.path.basename(path).removesuffix(".py").replace("-", "_")
    if name in files or name in sys.modules:
        name = f"tests_{name}"
    module = types.ModuleType(name)
    module.__file__ = os.path.abspath(path)
    module._runnel_unset, module._runnel_fail = harness_asserts.Unset, harness_asserts.failure
    module._runnel_soft = lambda line, text: runner.reported(f"line {line}: {text}", raises_inside=True)
    sys.modules[name] = module
    try:
        with open(path, encoding="utf-8-sig") as file:
            source = file.read()
        runner.path, runner.lines = path, source.splitlines()
        exec(harness_asserts.rewrite(source, path), vars(module))
    except BaseException as error:
        number, text = _top_line(error, path, runner.lines)
        status = "skipped" if type(error) is unittest.SkipTest else "error"
        runner.record(f"line {number}: {text}" if number else path, status, describe(error), time.perf_counter())
        return False
    runner.run_all(module)
    return True


def _top_line(error, path, lines):
    """The line of the file of tests that raised, and its text."""
    number = error.lineno if isinstance(error, SyntaxError) and error.filename == path else 0
    trace = error.__traceback__
    while trace is not None:
        if trace.tb_frame.f_code.co_filename == path and trace.tb_frame.f_code.co_name == "<module>":
            number = trace.tb_lineno
        trace = trace.tb_next
    return number, lines[number - 1].strip() if number and number <= len(lines) else ""


class SolutionModule(types.ModuleType):
    """A module of the solution: its names are looked up there each time."""

    def __getattr__(self, name):
        if name == "__all__":
            return self._runnel_handle._runnel_link.request("names", self._runnel_handle)
        if name.startswith("__") and name != "__all__":
            raise AttributeError(name)
        return getattr(self._runnel_handle, name)

    def __setattr__(self, name, value):
        if name.startswith(("__", "_runnel_")) or isinstance(value, SolutionModule):
            super().__setattr__(name, value)
        else:
            setattr(self._runnel_handle, name, value)

    def __delattr__(self, name):
        delattr(self._runnel_handle, name)

    def __dir__(self):
        return self._runnel_handle._runnel_link.request("op", "dir", self._runnel_handle)


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds the modules of the solution; they go before all others, also before files of the tests of the same name."""

    def __init__(self, link, files):
        self._link, self._names = link, set(files)
        self._packages = {name.rpartition(".")[0] for name in files if "." in name}
        self._packages |= {name for name, path in files.items() if path.endswith("__init__.py")}
        for package in list(self._packages):
            while package := package.rpartition(".")[0]:
                self._packages.add(package)

    def find_spec(self, name, path=None, target=None):
        if name in self._names or name in self._packages:
            return importlib.util.spec_from_loader(name, self, is_package=name in self._packages)
        return None

    def create_module(self, spec):
        module = SolutionModule(spec.name)
        module._runnel_handle = self._link.request("load", spec.name)
        return module

    def exec_module(self, module):
        pass


if __name__ == "__main__":
    main(sys.argv[1:])
