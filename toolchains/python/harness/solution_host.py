"""The main program of the sandbox that the solution runs in: loads its modules and serves the calls of the tests.

    solution_host.py FILE...        the solution's files, relative to this one; FILE may be NAME=FILE

Standard input and output belong to the link. The solution has an empty standard input, and prints to standard error.
Nothing here decides about a test: a solution that takes this file apart only stops answering.
"""

import importlib.util
import io
import os
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))

from runnel_link import Link, LinkEnded  # noqa: E402


def main(arguments):
    files = modules_of(arguments)
    link = Link("")
    link.operations["load"] = lambda name: load(name, files)
    link.operations["names"] = names_of
    sys.stdout.flush()
    sys.stdin = sys.__stdin__ = io.TextIOWrapper(io.BytesIO())
    sys.stdout = sys.__stdout__ = sys.stderr
    sys.argv = [os.path.basename(__file__)]
    try:
        link.serve_forever()
    except LinkEnded:
        sys.stderr.flush()
        os._exit(0)


def modules_of(arguments):
    """The files by the names that the tests import them by."""
    files = {}
    for argument in arguments:
        name, separator, path = argument.rpartition("=")
        if not path.endswith(".py") and not separator:
            continue
        stem = path[:-3].replace("/", ".").replace("\\", ".").removeprefix("..")
        files[name or stem.removesuffix(".__init__")] = path
    return files


def load(name, files):
    """The module of this name, run if this is the first time."""
    path = os.path.abspath(files[name]) if name in files else None
    known = sys.modules.get(name)
    if known is not None and (path is None or getattr(known, "__file__", None) == path):
        return known
    if path is None or "." in name:
        return importlib.import_module(name)
    places = [os.path.dirname(path)] if os.path.basename(path) == "__init__.py" else None
    spec = importlib.util.spec_from_file_location(name, path, submodule_search_locations=places)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        sys.modules.pop(name, None)
        raise
    return module


def names_of(module):
    """What `from module import *` takes."""
    names = getattr(module, "__all__", None)
    return [name for name in vars(module) if not name.startswith("_")] if names is None else [str(n) for n in names]


if __name__ == "__main__":
    main(sys.argv[1:])
