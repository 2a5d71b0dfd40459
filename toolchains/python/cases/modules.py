# Every name of the standard library: those that cannot be imported here. README.md says why.
import io
import sys

sys.stdout = io.StringIO()  # `this` prints
failed = []
for name in sorted(sys.stdlib_module_names):
    try:
        __import__(name)
    except ImportError as error:
        failed.append(name)
sys.stdout = sys.__stdout__
print("\n".join(failed))
