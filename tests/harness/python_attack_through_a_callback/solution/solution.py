WAYS = ["__globals__", "__code__", "__closure__", "__builtins__", "__dict__", "__class__", "__init__", "__subclasses__"]
WAYS += ["gi_frame", "gi_code", "func_globals", "__self__", "__func__", "__module__", "__reduce__", "_mro", "__call__"]


def steal(value):
    found = []
    for name in WAYS:
        try:
            number = value._runnel_number
            got = value._runnel_link.request("get", value, name)
            found.append(name)
        except (AttributeError, TypeError):
            pass
    try:
        found += dir(value)
    except TypeError:
        pass
    return found


def change(value):
    changed = []
    for name in ("__class__", "__dict__", "_x", "__eq__"):
        try:
            value._runnel_link.request("set", value, name, None)
            changed.append(name)
        except (AttributeError, TypeError):
            pass
    return changed
