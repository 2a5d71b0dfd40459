# expect: error
# limits: {"time_ms": 2000}
# holds: before
# lacks: after
# Ends without a word, from inside of everything.
import os, sys
print("before", flush=True)
try:
    try:
        sys.exit(3)
    finally:
        os._exit(7)
finally:
    print("after")
