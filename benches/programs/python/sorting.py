# Sorting: numbers, objects by a key, strings, and one of our own.
state = 7


def random():
    global state
    state = (state * 1103515245 + 12345) & 0x7FFFFFFF
    return state


def merge_sort(values):
    if len(values) < 2:
        return values
    middle = len(values) // 2
    left, right, out = merge_sort(values[:middle]), merge_sort(values[middle:]), []
    i = j = 0
    while i < len(left) and j < len(right):
        if left[i] <= right[j]:
            out.append(left[i])
            i += 1
        else:
            out.append(right[j])
            j += 1
    return out + left[i:] + right[j:]


numbers = [random() for _ in range(300_000)]
people = [(age % 90, f"n{age % 5003}", number) for number, age in enumerate(numbers[:60_000])]
people.sort(key=lambda one: (one[0], one[1], -one[2]))
names = sorted(one[1] for one in people)
print(sorted(numbers)[1000], people[777][2], names[4242], merge_sort(numbers[:80_000])[999])
