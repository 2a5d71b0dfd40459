"""Answers guesses. Arguments: input, judge's answer, feedback folder; talks on stdin and stdout."""

import sys

ACCEPTED, WRONG = 42, 43
GUESSES = 10


def main() -> int:
    number = int(open(sys.argv[1]).read())
    for _ in range(GUESSES):
        line = sys.stdin.readline().strip()
        if not line.isdigit() or len(line) > 9:
            return WRONG
        guess = int(line)
        if guess == number:
            print("correct", flush=True)
            return ACCEPTED
        print("lower" if number < guess else "higher", flush=True)
    return WRONG


sys.exit(main())
