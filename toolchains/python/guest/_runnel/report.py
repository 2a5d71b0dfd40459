"""Tells on standard error how a program ended, in CPython's words, and with which exit code.

What CPython does in C around `sys.excepthook` has to be said again here, because the program runs below Python code
of ours; the frames of that code are taken out. Called by `program`. Never raises.
"""

import builtins
import sys
import traceback

from _runnel import source

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

# `sys` and its module object may be spoiled by the program, these functions not.
_print_exception = traceback.print_exception
_default_hook = sys.__excepthook__


def exit_code_of(error, own_file):
    """Shows the error that ended the program; returns the exit code. The frames of `own_file` are the caller's."""
    if isinstance(error, SystemExit):
        return _exit_code_of_system_exit(error)
    _strip(error, own_file)
    sys.last_exc, sys.last_type, sys.last_value, sys.last_traceback = error, type(error), error, error.__traceback__
    code = _call_hook(error)
    try:
        del sys.last_exc, sys.last_value, sys.last_traceback
        _unlink(error)
    except BaseException:  # the names are gone, or there is no memory
        pass
    if code is not None:
        return code
    return 130 if isinstance(error, KeyboardInterrupt) else 1


def unraisable(error, where, own_file):
    """Shows an error that nobody can catch, such as one of a function called at the end."""
    try:
        _strip(error, own_file)
        _write(f"Exception ignored {where}:\n")
        _default_hook(type(error), error, error.__traceback__)
    except BaseException:
        pass


def _strip(error, own_file):
    """Takes our own frames out of the traceback: all of them are above the first one of the program."""
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename in (own_file, source.__file__):
        frames = frames.tb_next
    error.__traceback__ = frames


def _unlink(error):
    """Takes a traceback apart, innermost frame first: to free a long chain at once would exhaust the stack."""
    links = []
    link, error.__traceback__ = error.__traceback__, None
    while link is not None:
        links.append(link)
        link = link.tb_next
    while links:
        links.pop().tb_next = None


def _exit_code_of_system_exit(error):
    try:
        code = error.code
        if code is None:
            return 0
        if isinstance(code, int):
            # As the C code does it: what does not fit is -1, and the system takes the lowest byte.
            return code & 0xFF if -(2**63) <= code < 2**63 else 0xFF
        _write(f"{code}\n")
    except BaseException:
        pass
    return 1


def _call_hook(error):
    """Shows the error through the hook of the program; returns an exit code if the hook itself ends the program."""
    try:
        hook = sys.excepthook
    except AttributeError:
        _write("sys.excepthook is missing\n")
        _show(error)
        return None
    try:
        hook(type(error), error, error.__traceback__)
    except SystemExit as exit:
        return _exit_code_of_system_exit(exit)
    except BaseException as second:
        _strip(second, __file__)
        second.__context__ = None
        _write("Error in sys.excepthook:\n")
        _show(second)
        _write("\nOriginal exception was:\n")
        _show(error)
    return None


def _show(error):
    try:
        _default_hook(type(error), error, error.__traceback__)
    except BaseException:
        try:
            _print_exception(error)
        except BaseException:
            pass


def _write(text):
    try:
        sys.stderr.write(text)
        sys.stderr.flush()
    except BaseException:
        pass
