def f():
    return 1


def g():
    raise ValueError("no g")
