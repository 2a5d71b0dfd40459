"""What the solution may do to an object of the tests that it was given: call it, iterate it, use what is public.

From a function, a frame or a class everything else in the interpreter can be reached (`f.__globals__`), and with it the
tests themselves; so of those only the use that they were passed for is let through. Used by `harness_host`.
"""

import types

_CLOSED = (
    types.FunctionType, types.BuiltinFunctionType, types.MethodType, types.MethodWrapperType, types.WrapperDescriptorType,
    types.MethodDescriptorType, types.ClassMethodDescriptorType, types.GeneratorType, types.CoroutineType,
    types.AsyncGeneratorType, types.FrameType, types.CodeType, types.TracebackType, types.ModuleType, types.CellType,
    types.MappingProxyType, types.GetSetDescriptorType, types.MemberDescriptorType,
)  # fmt: skip
_READABLE = {"__name__", "__qualname__", "__doc__"}
_FREE = {"op", "iter", "next", "isinstance", "issubclass", "value", "call", "start", "poll", "cancel"}
_OF_OBJECTS = {"get", "set", "del", "call", "iter", "next", "value", "start"}
_GENERATORS = {"send", "throw", "close", "asend", "athrow", "aclose"}


def check(operation, values, was_given):
    """Raises AttributeError or TypeError for what the solution may not do. `was_given` knows the objects that it was given."""
    if operation in _OF_OBJECTS and not was_given(values[0]):
        # From a plain `str` it would come to `format`, which reads any attribute.
        raise TypeError(f"`{operation}` can be asked only of an object that the tests passed")
    if operation in ("get", "set", "del"):
        _check_attribute(operation, *values[:2])
    elif operation == "op" and values[0] == "dir":
        raise TypeError("the attributes of an object of the tests cannot be listed")
    elif operation == "call" and not _may_be_called(values[0]):
        raise TypeError("this object of the tests cannot be called by the solution")
    elif operation not in _FREE:
        raise TypeError(f"`{operation}` cannot be asked of an object of the tests")


def _check_attribute(operation, target, name):
    if type(name) is not str:
        raise TypeError("the name of an attribute is a str")
    closed = isinstance(target, _CLOSED)
    if operation == "get" and name in _READABLE and (closed or isinstance(target, type)):
        return
    if (
        operation == "get"
        and name in _GENERATORS
        and isinstance(target, (types.GeneratorType, types.AsyncGeneratorType))
    ):
        return
    if closed or name.startswith("_") or (operation != "get" and isinstance(target, type)):
        raise AttributeError(f"`{name}` of an object of the tests is not open to the solution")


def _may_be_called(target):
    if target is type or isinstance(target, (types.FrameType, types.CodeType)):
        return False
    return callable(target)
