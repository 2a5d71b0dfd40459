"""The modules that are imported before the snapshot, so that importing them costs a program nothing."""

import importlib

_MODULES = """
    __future__ abc argparse array ast asyncio asyncio.taskgroups base64 binascii bisect builtins calendar cmath
    codecs collections collections.abc colorsys concurrent.futures concurrent.futures.thread configparser contextlib
    contextvars copy copyreg csv dataclasses datetime decimal difflib dis enum errno fnmatch fractions functools gc
    getopt glob gzip graphlib hashlib heapq hmac html html.parser importlib importlib.abc importlib.machinery
    importlib.metadata importlib.resources importlib.util inspect io itertools json keyword linecache locale logging
    marshal math numbers operator optparse os pathlib pickle pkgutil platform pprint queue random re reprlib runpy
    sched secrets select selectors shlex shutil signal sqlite3 statistics stat string string.templatelib stringprep
    struct subprocess symtable sys tempfile textwrap threading time timeit token tokenize tomllib traceback types
    typing unicodedata unittest unittest.mock urllib.parse uuid warnings weakref xml.etree.ElementTree zipfile zlib
    zoneinfo

    _pydatetime _strptime
    encodings.ascii encodings.cp1252 encodings.idna encodings.latin_1 encodings.raw_unicode_escape
    encodings.unicode_escape encodings.utf_16 encodings.utf_32 encodings.utf_8 encodings.utf_8_sig
""".split()


def preload():
    for name in _MODULES:
        importlib.import_module(name)
