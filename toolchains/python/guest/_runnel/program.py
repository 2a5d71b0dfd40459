"""One program: from the call of the host to the exit code.

`run` is all that happens while somebody waits, so it does only what could not be done before the snapshot. It never
raises, whatever the program does to the interpreter: the harness uses its own copy of `builtins` and holds every object
that it needs after the program.
"""

import atexit
import builtins
import gc
import importlib.machinery
import linecache
import logging
import os
import random
import sys
import threading
import time
import types

from _runnel import clocks, report
from _runnel.source import compile_main, text_of

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_FLUSH_FAILED = 120  # CPython's code for a program whose output could not be written

_run_at_exit_functions = atexit._run_exitfuncs
_end_threads = threading._shutdown
_environment = os.environ
_modules = sys.modules
_modules_in_snapshot = 0  # set by `snapshot`; what a program imports comes after these


def run(path, source, args, env, standard):
    """Runs the program over the `standard` streams and returns its exit code."""
    _enter(path, args, env, standard)
    main = _new_main(path, source)
    try:
        exec(compile_main(source, path), main.__dict__)
        code = 0
    except BaseException as error:
        # CPython shows what was printed so far before it shows the error.
        standard.send()
        code = report.exit_code_of(error, __file__)
    del main
    return _leave(code, standard)


def _enter(path, args, env, standard):
    """Makes true what the snapshot cannot know."""
    folder = path.rpartition("/")[0] or "/"
    for name, value in env:
        try:
            _environment[name] = value
        except (OSError, ValueError):  # no name at all, or a sign that a name cannot have
            pass
    try:
        os.chdir(folder)
    except OSError:
        pass
    sys.argv = [path, *args]
    sys.orig_argv = [sys.executable, path, *args]
    sys.path[0] = folder
    random.seed(os.urandom(32))
    clocks.start()
    logging._startTime = time.time_ns()
    standard.start()
    sys.stdin = sys.__stdin__ = standard.stdin
    sys.stdout = sys.__stdout__ = standard.stdout
    sys.stderr = sys.__stderr__ = standard.stderr


def _new_main(path, source):
    main = types.ModuleType("__main__")
    main.__file__ = path
    main.__cached__ = None
    main.__builtins__ = builtins
    main.__loader__ = importlib.machinery.SourceFileLoader("__main__", path)
    _modules["__main__"] = main

    # Tracebacks read the file; this is for when it is not to be found.
    linecache.cache[path] = (lambda: text_of(source),)
    return main


def _leave(code, standard):
    """What CPython does at the end of a program."""
    try:
        _end_threads()
    except BaseException as error:
        report.unraisable(error, "on threading shutdown", __file__)
    _run_at_exit_functions()
    flushed = _flush(standard)
    _destroy_modules()
    flushed = _flush(standard) and flushed
    return code if flushed else _FLUSH_FAILED


def _destroy_modules():
    """Lets go of the program's objects, so that their `__del__` runs and their files are written."""
    _modules.pop("__main__", None)
    while len(_modules) > _modules_in_snapshot:
        _modules.popitem()
    gc.collect()


def _flush(standard):
    """Flushes the streams that the program leaves; false if something could not be written."""
    flushed = True
    out = getattr(sys, "stdout", None)
    if out is not None and not _is_closed(out):
        try:
            out.flush()
        except BaseException as error:
            flushed = False
            report.unraisable(error, "while flushing sys.stdout", __file__)
    standard.send()  # if the program has put another stream in the place of this one
    err = getattr(sys, "stderr", None)
    if err is not None and not _is_closed(err):
        try:
            err.flush()
        except BaseException:
            flushed = False
    return flushed


def _is_closed(stream):
    try:
        return bool(stream.closed)
    except BaseException:
        return False
