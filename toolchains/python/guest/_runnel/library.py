"""The standard library, held in memory.

There is no file system with Python's own files when a program runs, so every module, its source and its data files are
read while the guest is built and served from here. The entries keep the path they were read from: `sys.path` holds
those folders, and a path hook answers for them, so that the order of `sys.path` means what it means everywhere else
(the program's own folder first, and a program may shadow a module).

Called by `snapshot`. Nothing here may touch the file system once the snapshot is taken.
"""

import importlib.abc
import importlib.machinery
import importlib.resources.abc
import io
import marshal
import os
import sys
import zlib
from importlib._bootstrap_external import decode_source

_LEFT_OUT = {
    "__pycache__",
    "__phello__",
    "ensurepip",  # installs pip
    "idlelib",
    "lib-dynload",
    "site-packages",
    "test",
    "tkinter",
    "turtledemo",
    "venv",
}

_modules = {}  # path without suffix -> (path of the file, is it a package, marshalled code)
_sources = {}  # path of a .py file -> its bytes, deflated
_data = {}  # path of any other file -> its bytes
_folders = {}  # folder -> names in it, in order


def add_folder(source, folder):
    """Reads the folder `source` into memory; from now on it is found as `folder`."""
    for origin, subfolders, files in os.walk(source):
        subfolders[:] = sorted(name for name in subfolders if name not in _LEFT_OUT)
        files.sort()
        place = folder + origin.removeprefix(source)
        _folders[place] = subfolders + files
        for name in files:
            path = f"{place}/{name}"
            with open(f"{origin}/{name}", "rb") as file:
                content = file.read()
            if name.endswith(".py"):
                _add_module(path, content)
            else:
                _data[path] = content


def _add_module(path, source):
    stem = path.removesuffix(".py")
    is_package = stem.endswith("/__init__")
    stem = stem.removesuffix("/__init__")
    code = compile(source, path, "exec", dont_inherit=True)
    _modules[stem] = (path, is_package, marshal.dumps(code))
    _sources[path] = zlib.compress(source, 9)


def install():
    """Takes over the import of everything that was added, also for what is already imported."""
    sys.path_hooks.insert(0, Finder)
    sys.path_importer_cache.clear()
    for name, module in list(sys.modules.items()):
        spec = getattr(module, "__spec__", None)
        stem = _stem_of(getattr(spec, "origin", None))
        if stem in _modules:
            spec.loader = module.__loader__ = Loader(name, stem)
            spec.cached = None
            module.__dict__.pop("__cached__", None)


def _stem_of(path):
    return path and path.removesuffix(".py").removesuffix("/__init__")


class Finder(importlib.abc.PathEntryFinder):
    """Finds modules in one folder of the library."""

    def __init__(self, folder):
        if folder not in _folders:
            raise ImportError(folder)
        self.path = folder

    def find_spec(self, name, target=None):
        stem = f"{self.path}/{name.rpartition('.')[2]}"
        entry = _modules.get(stem)
        if entry is not None:
            path, is_package, _ = entry
            spec = importlib.machinery.ModuleSpec(name, Loader(name, stem), origin=path, is_package=is_package)
            spec.has_location = True
        elif stem in _folders:  # a namespace package
            spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
        else:
            return None
        if spec.submodule_search_locations is not None:
            spec.submodule_search_locations.append(stem)
        return spec

    def iter_modules(self, prefix=""):
        """For `pkgutil`."""
        for entry in _folders[self.path]:
            name = entry.removesuffix(".py")
            module = _modules.get(f"{self.path}/{name}")
            if module is not None and name != "__init__":
                yield prefix + name, module[1]


class Loader(importlib.abc.InspectLoader):
    """Loads one module of the library."""

    def __init__(self, name, stem):
        self.name = name
        self._stem = stem
        self.path = _modules[stem][0]

    def create_module(self, spec):
        return None

    def exec_module(self, module):
        exec(self.get_code(self.name), module.__dict__)

    def get_code(self, name):
        return marshal.loads(_modules[self._stem][2])

    def get_source(self, name):
        return decode_source(zlib.decompress(_sources[self.path]))

    def get_filename(self, name):
        return self.path

    def is_package(self, name):
        return _modules[self._stem][1]

    def get_data(self, path):
        """For `pkgutil.get_data`."""
        return _read(path)

    def get_resource_reader(self, name):
        return Resources(self._stem) if self.is_package(name) else None


class Resources(importlib.resources.abc.TraversableResources):
    """The data files of one package, for `importlib.resources`."""

    def __init__(self, folder):
        self._folder = folder

    def files(self):
        return Resource(self._folder)


class Resource(importlib.resources.abc.Traversable):
    """A file or a folder of the library."""

    def __init__(self, path):
        self._path = path

    def __str__(self):
        return self._path

    @property
    def name(self):
        return self._path.rpartition("/")[2]

    def is_dir(self):
        return self._path in _folders

    def is_file(self):
        return self._path in _data or self._path in _sources

    def iterdir(self):
        for name in _folders[self._path]:
            yield Resource(f"{self._path}/{name}")

    def joinpath(self, *names):
        path = self._path
        for name in names:
            path = f"{path}/{os.fspath(name)}"
        return Resource(path)

    __truediv__ = joinpath

    def open(self, mode="r", *args, **kwargs):
        if self.is_dir():
            raise IsADirectoryError(self._path)
        stream = io.BytesIO(_read(self._path))
        return stream if "b" in mode else io.TextIOWrapper(stream, *args, **kwargs)


def _read(path):
    if path in _sources:
        return zlib.decompress(_sources[path])
    try:
        return _data[path]
    except KeyError:
        raise FileNotFoundError(path) from None
