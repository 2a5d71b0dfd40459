# Whoever breaks the streams still gets an exit code, and no crash.
import builtins
import sys

print("before")
sys.stdout.close()
sys.stdout = None
sys.stderr = 5
sys.excepthook = None
builtins.print = None
raise ValueError
