# What was printed before an error message comes before it, and a warning names its line.
import sys
import warnings

print("out 1", end="")
print("err 1", file=sys.stderr)
print("out 2")
sys.stderr.write("err 2\n")
warnings.warn("take care")
warnings.warn("once", DeprecationWarning)
