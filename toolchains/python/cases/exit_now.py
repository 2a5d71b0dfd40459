# No buffers are flushed, no handlers run.
import atexit
import os
import sys

atexit.register(print, "never")
print("a line")
sys.stdout.write("never")
try:
    os._exit(5)
finally:
    print("never")
