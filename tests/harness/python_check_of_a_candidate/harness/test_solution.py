from solution import largest


def check(candidate):
    assert candidate([1, 3, 2]) == 3
    assert candidate([-1]) == -1
    assert candidate([]) is None, "nothing in it"
    for n in (1, 2):
        assert candidate([n, 0]) == n


check(largest)
