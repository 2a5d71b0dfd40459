import solution


def test_list():
    numbers = [3, 1, 2]
    same = numbers
    assert solution.sort(numbers) is None
    assert numbers == [1, 2, 3]
    assert same is numbers


def test_nested():
    tree = {"a": {"b": [1]}, "keep": (1, [2])}
    inner = tree["a"]["b"]
    assert solution.grow(tree) is tree
    assert inner == [1, 9]
    assert tree == {"a": {"b": [1, 9]}, "keep": (1, [2, 3]), "new": {1}}


def test_others():
    chars, data = {1, 2}, bytearray(b"abc")
    solution.clear(chars, data)
    assert chars == set()
    assert data == b"ABC"


def test_matrix():
    matrix = [[1, 2], [3, 4]]
    rows = list(matrix)
    solution.transpose(matrix)
    assert matrix == [[1, 3], [2, 4]]
    assert matrix[0] is rows[0]


def test_left_alone():
    numbers = [3, 1]
    assert solution.sorted_copy(numbers) == [1, 3]
    assert numbers == [3, 1]


def test_even_after_an_error():
    numbers = [1]
    try:
        solution.push_and_fail(numbers)
    except ValueError:
        pass
    assert numbers == [1, 2]
