"""Lets a program's own modules shadow those of the library that are imported before the program starts.

Everywhere else a file `queue.py` beside the program is what `import queue` finds. Here `queue` is in `sys.modules` from
the beginning, so it has to be taken out where such a file exists. To look for files costs more than to run a small
program, so this is done where it may matter: for the names that the main file uses, and, once any module of the program
is imported, for all names in that folder, which the import system has just read.

Left alone are the modules on which the library itself stands, such as `collections`: a program that shadows one of
those does it by mistake, and does not get far elsewhere.
"""

import builtins
import importlib.machinery
import os
import sys

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_FOUNDATIONS = frozenset(
    """
    __future__ abc asyncio base64 binascii bisect builtins collections contextlib copy dataclasses datetime decimal enum
    errno fractions functools gc hashlib heapq importlib inspect io itertools json linecache math os pathlib pickle
    random re string struct sys tempfile threading time traceback types typing warnings weakref zlib
    """.split()
)

_coverable = frozenset()


def install():
    """Looks at what is imported now, and from now on at each reading of the program's folder."""
    global _coverable
    names = {name for name in sys.modules if "." not in name and name not in sys.builtin_module_names}
    _coverable = frozenset(names - _FOUNDATIONS - {"__main__", "_runnel", "app", "wit_world"})
    sys.path_hooks[-1] = _ProgramFinder.path_hook(
        (importlib.machinery.SourceFileLoader, importlib.machinery.SOURCE_SUFFIXES)
    )


def uncover(names, folder):
    """Takes those of the `names` out of `sys.modules` that the program has a file for in `folder`."""
    if _coverable.isdisjoint(names):
        return
    for name in names:
        if name in _coverable:
            path = f"{folder}/{name}"
            if os.path.exists(f"{path}.py") or os.path.isdir(path):
                _take_out(name)


def _take_out(name):
    sys.modules.pop(name, None)


class _ProgramFinder(importlib.machinery.FileFinder):
    """Finds modules in a folder of the program."""

    def _fill_cache(self):
        super()._fill_cache()
        if sys.path and self.path == sys.path[0]:
            for entry in self._path_cache:
                name = entry.removesuffix(".py")
                if name in _coverable:
                    _take_out(name)
