"""Everything that is done while the guest is built: the state of the interpreter after it is the guest.

Called by `app`, once, in the build.
"""

import atexit
import gc
import linecache
import logging
import os
import sys
import tempfile
import zoneinfo

from _runnel import clocks, files, frames, heap, immortal, library, loop, preload, program, shadows, streams, system, threads

_HOME = "/python"  # where the standard library is while the guest is built, and where it seems to be later
_PACKAGES = f"{_HOME}/site-packages"  # where the packages beside it seem to be

_TRIAL = b"""
import sys
class Point:
    def __init__(self, x):
        self.x = x
def add(a, b):
    return a + b
for i in range(200):
    print("trial", add(i, 1), Point(i).x, f"{i}")
print(sys.stdin.read(), input)
raise ValueError("trial")
"""


def prepare():
    """Makes the interpreter ready to run one program."""
    _take_in_library()
    preload.preload()
    files.install()
    standard = streams.of_descriptors()
    _settle_system(standard)
    _rehearse()
    _forget_the_build()
    program.prepare(standard)
    _freeze()


def _take_in_library():
    library.add_folder(_HOME, _HOME)
    [packages] = (folder for folder in sys.path if os.path.isdir(f"{folder}/tzdata"))
    library.add_folder(packages, _PACKAGES)
    library.install()
    sys.path[:] = ["", _HOME, _PACKAGES]


def _settle_system(standard):
    system.install(standard)
    clocks.install(before_sleep=standard.send)
    threads.install()
    loop.install()
    frames.install(program.run.__code__)
    shadows.install()
    logging._startTime = clocks.ProgramStart()
    atexit.unregister(logging.shutdown)  # `program` does it, where there is something to shut down
    sys.executable = sys._base_executable = "/usr/bin/python3"
    sys.dont_write_bytecode = True
    zoneinfo.reset_tzpath(to=())  # no such folder here: straight to the package `tzdata`


def _rehearse():
    """Runs programs into the void, so that the paths of a run are specialised in the snapshot."""
    for trial in (_TRIAL, _TRIAL, b'print("trial")\n', b'print("trial")\n'):
        program.prepare(streams.to_nowhere())
        modules = dict(sys.modules)
        program.run("/box/main.py", trial, [], [])
        sys.modules.update(modules)


def _forget_the_build():
    """Removes every trace of the build and of the rehearsal."""
    for name in list(os.environ):
        del os.environ[name]
    for name in [name for name in sys.modules if name.partition(".")[0] == "_runnel"]:
        del sys.modules[name]
    linecache.clearcache()
    sys.path_importer_cache.clear()
    for name in ("last_exc", "last_type", "last_value", "last_traceback"):
        if hasattr(sys, name):
            delattr(sys, name)
    tempfile._name_sequence = None
    tempfile.tempdir = None


def _freeze():
    """What is alive now stays: the collector will not look at it again."""
    for _ in range(2):
        gc.collect()
    immortal.mark()
    heap.fill_holes()
    gc.freeze()
