"""Fills the small holes in the heap before the snapshot is taken.

A page of memory that a run writes to for the first time costs a page fault, and after the imports the free memory is
scattered in small pieces over every page there is: a hello took its objects from ninety pages. The allocator goes
through such pieces first. Once they are in use, for ever, new objects lie side by side in a few pages.

Larger holes are left: objects are carved out of one of them in a row, and the memory stays useful.
"""

_STEP = 16  # the allocator's grain
_LARGEST_HOLE = 16 * 1024
_IN_A_ROW = 24  # so many neighbours are not from holes
_MOST_PER_SIZE = 50_000

_fillings = []


def fill_holes():
    for size in range(0, _LARGEST_HOLE, _STEP):
        row = []
        for _ in range(_MOST_PER_SIZE):
            filling = bytes(size)
            row.append(filling)
            if len(row) >= _IN_A_ROW and _are_neighbours(row[-_IN_A_ROW:], size):
                # These come from the free end, and go back to it.
                del row[-_IN_A_ROW:]
                break
        _fillings.append(row)


def _are_neighbours(row, size):
    places = sorted(map(id, row))
    return places[-1] - places[0] <= (len(row) - 1) * (size + 3 * _STEP)
