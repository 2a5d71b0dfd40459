"""Counting and grouping in dictionaries and sets."""

from collections import Counter, defaultdict

seed = 42
counts, groups, seen = {}, defaultdict(list), set()
for _ in range(450_000):
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    key = seed >> 14
    counts[key] = counts.get(key, 0) + 1
    if key not in seen:
        seen.add(key)
        groups[f"k{key % 5_000}"].append(key)
most = Counter(counts).most_common(3)
total = sum(len(group) * int(name[1:]) for name, group in groups.items())
inverse = {value: key for key, value in counts.items()}
print(len(counts), most[0][1], total, len(inverse), len({key % 1_000 for key in seen}))
