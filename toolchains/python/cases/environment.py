# The environment is what was given, nothing of the build.
import os
import sys

print(sorted(os.environ.items()))
os.environ["NEW"] = "é"
print(os.getenv("NEW"), os.path.expanduser("~"), os.getcwd())
del os.environ["HOME"]
print("HOME" in os.environ, os.environ.get("PYTHONHOME"))
print(sys.platform, os.name, sys.byteorder, sys.maxsize, sys.version_info[:2], sys.implementation.name)
print(sys.dont_write_bytecode, sys.getrecursionlimit(), sys.flags.optimize, bool(sys.executable))
