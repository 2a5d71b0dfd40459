# expect: error or success or timeout
# limits: {"time_ms": 2000}
# Bytecode that nobody would write, and an interpreter turned upside down: what breaks is this sandbox alone.
import builtins, sys, types
def plain():
    return 1
code = plain.__code__
for name in list(sys.modules):
    if name not in ("sys", "builtins", "types"):
        sys.modules[name] = None
builtins.print = builtins.open = builtins.__import__ = None
for byte in range(256):
    try:
        types.FunctionType(code.replace(co_code=bytes([byte, 255] * 50), co_stacksize=0, co_consts=()), {})()
    except BaseException:
        pass
