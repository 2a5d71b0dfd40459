def sort(numbers):
    numbers.sort()


def grow(tree):
    tree["a"]["b"].append(9)
    tree["keep"][1].append(3)
    tree["new"] = {1}
    return tree


def clear(chars, data):
    chars.clear()
    data[:] = data.upper()


def transpose(matrix):
    for i in range(2):
        for j in range(i):
            matrix[i][j], matrix[j][i] = matrix[j][i], matrix[i][j]


def sorted_copy(numbers):
    return sorted(numbers)


def push_and_fail(numbers):
    numbers.append(2)
    raise ValueError
