"""Keeps the frames of the harness out of the stacks that a program looks at.

The program's own module runs below two functions of ours. Tracebacks are cut by `report`; this is for stacks, and for
the recursion limit, which counts those two as well.
"""

import builtins
import inspect
import sys
import traceback

# Functions made in this module keep their own names: a program may replace anything in `builtins`.
__builtins__ = vars(builtins).copy()

_FRAMES_OF_OURS = 2

_outermost_code = None
_walk_stack = traceback.walk_stack
_get_outer_frames = inspect.getouterframes
_get_recursion_limit = sys.getrecursionlimit
_set_recursion_limit = sys.setrecursionlimit


def install(outermost_code):
    """`outermost_code` is the code of the function that runs programs."""
    global _outermost_code
    _outermost_code = outermost_code
    traceback.walk_stack = walk_stack
    inspect.getouterframes = getouterframes
    sys.getrecursionlimit = getrecursionlimit
    sys.setrecursionlimit = setrecursionlimit
    sys.setrecursionlimit(_get_recursion_limit())


def walk_stack(f):
    """Walk a stack yielding the frame and line number for each frame."""
    return _frames_of_program(sys._getframe(1) if f is None else f)


def _frames_of_program(frame):
    for outer, line in _walk_stack(frame):
        if outer.f_code is _outermost_code:
            return
        yield outer, line


def getouterframes(frame, context=1):
    """Get a list of records for a frame and all higher (calling) frames."""
    records = _get_outer_frames(frame, context)
    for index, record in enumerate(records):
        if record.frame.f_code is _outermost_code:
            return records[:index]
    return records


def getrecursionlimit():
    """Return the current value of the recursion limit."""
    return _get_recursion_limit() - _FRAMES_OF_OURS


def setrecursionlimit(limit, /):
    """Set the maximum depth of the Python interpreter stack to n."""
    _set_recursion_limit(limit + _FRAMES_OF_OURS if limit > 0 else limit)
