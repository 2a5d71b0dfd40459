"""The text of the module."""

import __main__
import dataclasses
import pickle
import sys

count: int = 3


@dataclasses.dataclass
class Point:
    x: int
    y: int = 0


if __name__ == "__main__":
    print(sorted(name for name in globals() if name.startswith("__")))
    print(__doc__, __file__, __spec__, __package__, type(__loader__).__name__, type(__builtins__).__name__)
    print(sys.modules["__main__"] is __main__, __main__.Point is Point)
    print(pickle.loads(pickle.dumps(Point(1, 2))), Point.__module__)
    print(open(__file__).readline().strip())
    print(sys.argv, sys.path[0], __annotate__(1))
