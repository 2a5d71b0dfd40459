import atexit
import sys

atexit.register(print, "after")
atexit.register(sys.exit, 4)
print("end")
