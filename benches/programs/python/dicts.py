# Dicts, sets and counters as tables.
from collections import Counter, defaultdict

counts, seen, table = {}, set(), defaultdict(int)
state = 42
for n in range(500_000):
    state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    key = state % 5000
    counts[key] = counts.get(key, 0) + 1
    table["k" + str(state % 700)] += n
    if n % 3 == 0:
        seen.add(state % 60000)
letters = Counter("the quick brown fox jumps over the lazy dog" * 3000)
print(len(counts), len(seen), sum(k * v for k, v in counts.items()), max(table.values()), letters["o"])
