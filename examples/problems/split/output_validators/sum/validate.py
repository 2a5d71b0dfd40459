"""Accepts two whole numbers with the right sum. Arguments: input, judge's answer, feedback folder, flags."""

import sys

ACCEPTED, WRONG = 42, 43


def main() -> int:
    n = int(open(sys.argv[1]).read())
    flags = sys.argv[4:]
    smallest = int(flags[flags.index("smallest") + 1])
    words = sys.stdin.read().split()
    if len(words) != 2 or not all(word.lstrip("-").isdigit() for word in words):
        print("two whole numbers were asked for")
        return WRONG
    one, other = map(int, words)
    if min(one, other) < smallest:
        print(f"a number is smaller than {smallest}")
        return WRONG
    if one + other != n:
        print(f"the sum is {one + other} and not {n}")
        return WRONG
    return ACCEPTED


sys.exit(main())
