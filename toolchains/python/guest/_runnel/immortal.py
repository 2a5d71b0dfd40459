"""Lists the objects of the snapshot, so that the build can make them immortal.

A reference to an object is counted in the object: a program that only looks at what was there before it writes to it, and
the first write to a page of memory costs a page fault. A hello wrote to 181 pages in 136 places, most of them
for counts alone. An immortal object is not counted. The interpreter has no way to make one, so the build does, in the finished
snapshot (`immortal.py` beside `build.sh`), with the addresses that are listed here.
"""

import array
import gc
import sys
import types

# Put together at run time, so that it is found once: these two are in the snapshot too.
_MARK = (b"the objects that ", b"live for ever: ")

_listed = None


def mark():
    """Lists all objects that the collector knows, or that these lead to, and all types, by their addresses."""
    global _listed
    things = [sys.modules, *gc.get_objects()]
    places = set(map(id, things))
    kinds = set()
    # The list grows before the loop that goes through it.
    for thing in things:
        kinds.add(id(type(thing)))
        for part in _parts_of(thing):
            if id(part) not in places:
                places.add(id(part))
                things.append(part)
    del things
    numbers = array.array("I", [len(places), len(kinds), *sorted(places), *kinds])
    _listed = b"".join(_MARK) + numbers.tobytes()


def _parts_of(thing):
    if type(thing) is types.CodeType:  # the collector does not look into it
        return (thing.co_consts, thing.co_names, thing.co_filename, thing.co_name, thing.co_qualname, thing.co_linetable)
    return gc.get_referents(thing)
