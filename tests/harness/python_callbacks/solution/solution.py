def apply(function, items):
    return [function(item) for item in items]


def safely(function, value):
    try:
        function(value)
    except KeyError as error:
        return f"KeyError {error.args[0]}"


def forth(back, n):
    return back(n)


def reverse(node):
    before = None
    while node is not None:
        after = node.next
        node.next = before
        before, node = node, after
    return before


def helper():
    return "real"


def uses_helper():
    return helper()


def total(numbers):
    return sum(numbers)


def double(x):
    return x * 2


def make_adder(n):
    return lambda x: x + n


def sort_by(items, key):
    return sorted(items, key=key)
