"""Makes the objects immortal that the snapshot in a component lists: `immortal.py COMPONENT`, in place.

`guest/_runnel/immortal.py` says why, and writes the list.
"""

import struct
import sys

_MARK = b"the objects that live for ever: "
# What CPython 3.14 takes for immortal where a pointer has 32 bits (`_Py_IMMORTAL_INITIAL_REFCNT`).
_IMMORTAL = 5 << 28
# Less than any address, so that no pointer is taken for a count.
_MOST_REFERENCES = 1 << 19


def main(path):
    with open(path, "rb") as file:
        component = bytearray(file.read())
    segments = sorted(segments_of(component))
    begin = component.find(_MARK)
    if begin < 0 or component.find(_MARK, begin + 1) >= 0:
        raise SystemExit("the list of immortal objects is not there once")
    begin += len(_MARK)
    object_count, type_count = struct.unpack_from("<2I", component, begin)
    numbers = struct.unpack_from(f"<{object_count + type_count}I", component, begin + 8)
    places, types = numbers[:object_count], set(numbers[object_count:])
    made, at = 0, 0
    for place in places:
        while at < len(segments) and segments[at][0] + segments[at][2] < place + 8:
            at += 1
        if at == len(segments) or segments[at][0] > place:
            continue
        offset = segments[at][1] + place - segments[at][0]
        references, its_type = struct.unpack_from("<2I", component, offset)
        # It may have been freed since it was listed.
        if 0 < references < _MOST_REFERENCES and its_type in types:
            struct.pack_into("<I", component, offset, _IMMORTAL)
            made += 1
    with open(path, "wb") as file:
        file.write(component)
    print(f"made {made} of {object_count} objects immortal")


def segments_of(component):
    """Data of all modules: the address in memory, the place in the file, the length."""
    for kind, begin, end in sections(component, 8, len(component)):
        if kind != 1:  # a core module
            continue
        for section, place, _ in sections(component, begin + 8, end):
            if section == 11:  # its data
                count, place = number(component, place)
                for _ in range(count):
                    kind, place = number(component, place)
                    if kind != 0 or component[place] != 0x41:  # active, at a constant address
                        raise SystemExit("a segment of another kind")
                    address, place = number(component, place + 1, signed=True)
                    length, place = number(component, place + 1)
                    yield address, place, length
                    place += length


def sections(data, place, end):
    while place < end:
        kind = data[place]
        length, place = number(data, place + 1)
        yield kind, place, place + length
        place += length


def number(data, place, signed=False):
    value = shift = 0
    while True:
        byte = data[place]
        place += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value - (1 << shift) if signed and byte & 0x40 else value, place


if __name__ == "__main__":
    main(*sys.argv[1:])
