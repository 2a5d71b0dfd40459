# Deep nesting ends in a RecursionError, or works; it does not end the interpreter.
import sys
import json

sys.setrecursionlimit(10**6)


def nested(n):
    value = []
    for _ in range(n):
        value = [value]
    return value


def attempt(name, function):
    try:
        function()
        print(name, "worked")
    except (RecursionError, MemoryError) as error:
        print(name, "RecursionError")


attempt("repr", lambda: repr(nested(100_000)))
attempt("compare", lambda: nested(100_000) == nested(100_000))
attempt("json", lambda: json.dumps(nested(100_000)))


class Node:
    def __init__(self, next):
        self.next = next


def chain():
    node = None
    for _ in range(200_000):
        node = Node(node)


attempt("free", chain)
attempt("parse", lambda: eval("(" * 300 + ")" * 300))
attempt("compile", lambda: compile("-" * 100_000 + "1", "x", "eval"))
