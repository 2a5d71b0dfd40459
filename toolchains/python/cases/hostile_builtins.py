import builtins
import sys

print("before")
for name in list(vars(builtins)):
    if not name.startswith("__"):
        delattr(builtins, name)
sys.modules.clear()
missing
