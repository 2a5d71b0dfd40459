"""One program: from the call of the host to the exit code.

`run` is all that happens while somebody waits, and most of its time is memory that is touched for the first time: so it
does only what could not be done before the snapshot, and whatever it needs is made ready by `prepare`. It never raises,
whatever the program does to the interpreter: the harness has its own copy of `builtins` and holds every object that it
needs after the program.
"""

import _random
import atexit
import builtins
import gc
import importlib.machinery
import linecache
import logging
import os
import random
import sys
import types

from _runnel import clocks, report, shadows
from _runnel.source import compile_main, text_of

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_FLUSH_FAILED = 120  # CPython's code for a program whose output could not be written
_USUAL_PATH = "/box/main.py"

# The bindings look these up by name until the build is over; a program may have modules of these names.
NAMES_OF_THE_BUILD = (
    "app",
    "componentize_py_runtime",
    "componentize_py_types",
    "wit_world",
    "wit_world.imports",
    "wit_world.imports.host",
)

_run_at_exit_functions = atexit._run_exitfuncs
_close_log_handlers = logging.shutdown
_log_handlers = logging._handlerList
_environment = os.environ
_modules = sys.modules
_random_numbers = random._inst
_seed = _random.Random.seed

# Made by `prepare`.
_standard = None
_main_names = None
_modules_in_snapshot = 0
_modules_of_the_build = []  # kept: to free them would touch all their memory
_collections_before = None

_source = b""  # of the running program


def prepare(standard):
    """Makes everything ready for the next `run`, which will use the `standard` streams. Called before the snapshot."""
    global _standard, _main_names, _modules_in_snapshot, _modules_of_the_build
    _standard = standard
    _main_names = {
        "__loader__": importlib.machinery.SourceFileLoader("__main__", _USUAL_PATH),
        "__builtins__": builtins,
        "__file__": _USUAL_PATH,
        "__cached__": None,
    }
    _modules.setdefault("__main__", None)
    sys.path[0] = os.path.dirname(_USUAL_PATH)
    linecache.cache[_USUAL_PATH] = _LINES
    sys.stdin = sys.__stdin__ = standard.stdin
    sys.stdout = sys.__stdout__ = standard.stdout
    sys.stderr = sys.__stderr__ = standard.stderr
    _modules_in_snapshot = len(_modules) - len(NAMES_OF_THE_BUILD)
    _modules_of_the_build = [_modules[name] for name in NAMES_OF_THE_BUILD]


def run(path, source, args, env):
    """Runs the program and returns its exit code."""
    global _source
    _source = source
    _enter(path, args, env)
    # Not made before the snapshot: the collector would never look at what hangs on it.
    main = _modules["__main__"] = types.ModuleType("__main__")
    main.__dict__.update(_main_names)
    try:
        code = compile_main(source, path)
        shadows.uncover(code.co_names, sys.path[0])
        exec(code, main.__dict__)
        code = 0
    except BaseException as error:
        # CPython shows what was printed so far before it shows the error.
        _standard.send()
        code = report.exit_code_of(error, __file__)
    del main
    return _leave(code)


def _enter(path, args, env):
    """Makes true what the snapshot cannot know."""
    global _collections_before
    _collections_before = gc.get_count()[1:]
    clocks.start()
    for name in NAMES_OF_THE_BUILD:
        _modules.pop(name, None)
    if path != _USUAL_PATH:
        _set_path(path)
    sys.argv = [path, *args]
    sys.orig_argv = [sys.executable, path, *args]
    for name, value in env:
        try:
            _environment[name] = value
        except (OSError, ValueError):  # no name at all, or a sign that a name cannot have
            pass
    try:
        os.chdir(sys.path[0])
    except OSError:
        pass
    # The method of the C class: the one in `random` looks at more kinds of seeds, and takes five times as long.
    _seed(_random_numbers, int.from_bytes(os.urandom(32)))


def _set_path(path):
    _main_names["__file__"] = _main_names["__loader__"].path = path
    sys.path[0] = path.rpartition("/")[0] or "/"
    linecache.cache[path] = _LINES


# Tracebacks read the file of the program; this is for when it is not to be found.
_LINES = (lambda: text_of(_source),)


def _leave(code):
    """What CPython does at the end of a program. No thread is left, as none outlives its start."""
    _run_at_exit_functions()
    if len(_log_handlers) > 1:  # one is always there
        _close_log_handlers()
    flushed = _flush()
    _destroy_modules()
    flushed = _flush() and flushed
    return code if flushed else _FLUSH_FAILED


def _destroy_modules():
    """Lets go of the program's objects, so that their `__del__` runs and their files are written."""
    _modules.pop("__main__", None)
    while len(_modules) > _modules_in_snapshot:
        _modules.popitem()
    # Until the first collection of a program, all its objects are in the youngest generation.
    gc.collect(0 if gc.get_count()[1:] == _collections_before else 2)


def _flush():
    """Flushes the streams that the program leaves; false if something could not be written."""
    flushed = True
    out = getattr(sys, "stdout", None)
    if out is not None and not _is_closed(out):
        try:
            out.flush()
        except BaseException as error:
            flushed = False
            report.unraisable(error, "while flushing sys.stdout", __file__)
    if out is not _standard.stdout:
        _standard.send()
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
