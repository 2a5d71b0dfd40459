"""Flips of all permutations: slices and indices of short lists."""

from itertools import permutations


def flips(order):
    count = 0
    while first := order[0]:
        order[: first + 1] = order[first::-1]
        count += 1
    return count


most = checksum = 0
for number, order in enumerate(permutations(range(9))):
    count = flips(list(order))
    most = max(most, count)
    checksum += count if number % 2 == 0 else -count
print(checksum, most)
