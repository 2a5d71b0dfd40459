"""From the bytes of the main file to its code.

The compiler, given bytes, is not as strict as it is with a file, and words some errors otherwise. What it lets pass or
says otherwise is put right here. Called by `program`.
"""

import builtins
from importlib._bootstrap_external import decode_source
from tokenize import detect_encoding

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_UNKNOWN_ENCODING = "unknown encoding: "


def compile_main(source, path):
    """The code of the main file; raises SyntaxError."""
    if not source.isascii() or b"\0" in source:
        _check_bytes(source, path)
    try:
        return compile(source, path, "exec", dont_inherit=True)
    except SyntaxError as error:
        if error.msg.startswith(_UNKNOWN_ENCODING):
            raise SyntaxError(f"encoding problem: {error.msg.removeprefix(_UNKNOWN_ENCODING)}") from None
        raise


def _check_bytes(source, path):
    nul = source.find(b"\0")
    if nul >= 0:
        start = source.rfind(b"\n", 0, nul) + 1
        details = path, source.count(b"\n", 0, nul) + 1, 0, source[start:nul].decode("utf-8", "replace")
        raise SyntaxError("source code cannot contain null bytes", details)
    lines = iter(source.splitlines(keepends=True))
    try:
        encoding, _ = detect_encoding(lambda: next(lines, b""))
    except SyntaxError:
        encoding = None  # no valid UTF-8 in the first two lines, or a declaration that the compiler refuses too
    if encoding != "utf-8" and (encoding or b"coding" in b"".join(source.splitlines()[:2])):
        return
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        start = source.rfind(b"\n", 0, error.start) + 1
        number = source.count(b"\n", 0, error.start) + 1
        text = source[start:].splitlines()[0].decode("utf-8", "replace")
        message = (
            rf"Non-UTF-8 code starting with '\x{source[error.start]:02x}' in file {path} on line {number}, "
            "but no encoding declared; see https://peps.python.org/pep-0263/ for details"
        )
        raise SyntaxError(message, (path, number, error.start - start + 1, text)) from None


def text_of(source):
    """The text of the main file, for tracebacks, whatever its bytes are."""
    try:
        return decode_source(source)
    except (SyntaxError, UnicodeDecodeError):
        return source.decode("latin-1")
