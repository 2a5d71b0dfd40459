"""Sorting by value, by key, and by hand."""

from heapq import heappop, heappush
from operator import itemgetter

seed, numbers = 1, []
for _ in range(180_000):
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    numbers.append(seed)
rows = [(number % 1_000, number % 77, number) for number in numbers]
checksum = sorted(numbers)[1_000] + sorted(map(float, numbers), reverse=True)[5] + sum(sorted(rows)[7])
checksum += sorted(rows, key=itemgetter(1, 2))[9_000][2] + sorted(rows, key=lambda row: -row[2])[3][0]
checksum += len(sorted(map(str, numbers))[77])


def merge_sort(items):
    if len(items) < 2:
        return items
    left, right = merge_sort(items[: len(items) // 2]), merge_sort(items[len(items) // 2 :])
    merged, i, j = [], 0, 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            merged.append(left[i])
            i += 1
        else:
            merged.append(right[j])
            j += 1
    return merged + left[i:] + right[j:]


checksum += merge_sort(numbers[:15_000])[100]
heap = []
for number in numbers[:40_000]:
    heappush(heap, number)
print(int(checksum) + sum(heappop(heap) for _ in range(5_000)))
