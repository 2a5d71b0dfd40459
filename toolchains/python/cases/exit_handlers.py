# Handlers run last first; a failing one is told; a hidden finaliser sees its world.
import atexit
import sys
import weakref


class Thing:
    def __init__(self, name):
        self.name = name

    def __del__(self):
        print("del", self.name)


def fail():
    raise ValueError("in a handler")


thing = Thing("global")
cycle = Thing("cycle")
cycle.self = cycle
weakref.finalize(thing, print, "finalize")
atexit.register(print, "handler 1")
atexit.register(fail)
atexit.register(print, "handler 2")
file = open("/tmp/unclosed.txt", "w")
file.write("x")
print("end")
sys.exit(3)
