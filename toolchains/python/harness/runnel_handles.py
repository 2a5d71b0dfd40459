"""Handles: what stands on one side of the link for an object that lives on the other.

The harness must not be fooled by an object of the solution, so an operator between a handle and a value of the harness
is not simply left to the solution, which would learn the expected value and could claim anything: see `_operate`.
Operators between two handles are. Used by `runnel_link`.
"""

import operator

BINARY = "add sub mul truediv floordiv mod divmod pow lshift rshift and or xor matmul".split()
ORDER = "lt le gt ge".split()
UNARY = "neg pos abs invert".split()
# What `op` may ask of an object: these names and nothing else.
FUNCTIONS = {
    name: getattr(operator, name + ("_" if name in ("and", "or") else "")) for name in BINARY if name != "divmod"
}
FUNCTIONS |= {name: getattr(operator, name) for name in ORDER + UNARY}
FUNCTIONS |= {"i" + name: getattr(operator, "i" + name) for name in BINARY if name != "divmod"}
FUNCTIONS |= {
    "divmod": divmod, "eq": operator.eq, "len": len, "getitem": operator.getitem, "setitem": operator.setitem,
    "delitem": operator.delitem, "contains": operator.contains, "reversed": reversed, "hash": hash, "str": str, "repr": repr,
    "bool": bool, "int": int, "float": float, "complex": complex, "index": operator.index, "round": round, "format": format,
    "bytes": bytes, "enter": lambda x: type(x).__enter__(x), "dir": dir,
    "exit": lambda x, error: bool(type(x).__exit__(x, error and type(error), error, None)),
    "aenter": lambda x: type(x).__aenter__(x), "aexit": lambda x, e: type(x).__aexit__(x, e and type(e), e, None),
    "aiter": lambda x: type(x).__aiter__(x),
}  # fmt: skip
_HINT = "made by the solution; where its own operators are to decide, say `runnel_harness.delegate(object)`"

# Levels of trust, given by what the harness wrote, never by what the solution says.
NONE, MADE, DELEGATED = 0, 1, 2


class Handle:
    """An object of the other side. Subclasses made by `class_for` have the special methods that it has."""

    __slots__ = ("_runnel_link", "_runnel_number", "_runnel_trust", "_runnel_named", "__weakref__")

    def __init__(self, link, number):
        for name, value in zip(Handle.__slots__, (link, number, NONE, False)):
            object.__setattr__(self, name, value)

    def __getattr__(self, name):
        base = type(self)._runnel_base
        if base and self._runnel_trust == NONE and not self._runnel_link.trusts_all and name in reading_of(base):
            return getattr(self._runnel_link.value_of(self), name)
        result = self._runnel_link.request("get", self, name)
        if isinstance(result, Handle) and is_class_name(name):
            object.__setattr__(result, "_runnel_named", True)
        return result

    def __setattr__(self, name, value):
        self._runnel_link.request("set", self, name, value)

    def __delattr__(self, name):
        self._runnel_link.request("del", self, name)

    def __del__(self):
        self._runnel_link.released.append(self._runnel_number)

    @property
    def __doc__(self):
        return self._runnel_link.request("get", self, "__doc__")

    @property
    def __class__(self):
        return type(self)._runnel_base or type(self)

    def __dir__(self):
        return self._runnel_link.request("op", "dir", self)

    def __eq__(self, other):
        if self is other:
            return True
        return _operate("eq", self, other)

    def __ne__(self, other):
        return not self == other

    def __hash__(self):
        if type(self)._runnel_base in (int, str, float, bytes, tuple, frozenset, complex):
            return hash(self._runnel_link.value_of(self))
        return self._runnel_link.request("op", "hash", self)

    def __str__(self):
        return _text(self._runnel_link.request("op", "str", self))

    def __repr__(self):
        return _text(self._runnel_link.request("op", "repr", self))

    def __format__(self, spec):
        return _text(self._runnel_link.request("op", "format", self, spec))

    def __copy__(self):
        return self._runnel_link.request("copy", self)

    def __deepcopy__(self, memo):
        return self._runnel_link.request("deepcopy", self)

    def __reduce_ex__(self, protocol):
        raise TypeError("an object of the other side cannot be pickled")


def reading_of(base):
    """The methods of a plain type that only read: they are the type's own, unless the harness made the object."""
    names = {name for name in dir(base) if not name.startswith("_")}
    if base in (list, dict, set, bytearray):
        names &= _READING
    return names


_READING = {
    "count",
    "index",
    "copy",
    "get",
    "keys",
    "values",
    "items",
    "union",
    "intersection",
    "difference",
    "issubset",
}
_READING |= {"issuperset", "isdisjoint", "symmetric_difference", "decode", "hex", "find", "startswith", "endswith"}


def is_class_name(name):
    """Whether the harness, by this name, means a class: so it says itself what it makes by calling it."""
    return name.lstrip("_")[:1].isupper()


def _text(value):
    """What the interpreter wants from `__str__` and its like."""
    if type(value) is not str:
        raise TypeError(f"the solution gave {type(value).__name__} as the text of an object")
    return value


def _operate(name, left, right):
    """One operator, of which at least one side is a handle."""
    handles = [side for side in (left, right) if isinstance_handle(side)]
    link = handles[0]._runnel_link
    trust = min(handle._runnel_trust for handle in handles)
    if len(handles) == 2 or link.trusts_all or trust == DELEGATED or (trust == MADE and name not in ("eq", *ORDER)):
        return _inherit(link.request("op", name, left, right), trust)
    if type(handles[0])._runnel_base is not None:
        # It is also a number, a text, a list: as such it meets values of ours, here.
        own = [link.value_of(side) if isinstance_handle(side) else side for side in (left, right)]
        return FUNCTIONS[name](*own)
    if name == "eq":
        return False
    if trust == MADE and name in ORDER:
        return _inherit(link.request("op", name, left, right), trust)
    raise TypeError(f"`{name}` between a value of the tests and an object {_HINT}")


def _inherit(result, trust):
    if isinstance_handle(result) and result._runnel_trust < trust:
        object.__setattr__(result, "_runnel_trust", trust)
    return result


def isinstance_handle(value):
    return issubclass(type(value), Handle)


def delegate(handle):
    """From here on the object's own operators decide, also against values of the harness; gives it back."""
    if isinstance_handle(handle):
        object.__setattr__(handle, "_runnel_trust", DELEGATED)
    return handle


def _request(op):
    return lambda self, *args: self._runnel_link.request(op, self, *args)


def _op(name):
    return lambda self, *args: self._runnel_link.request("op", name, self, *args)


def _call(self, *args, **kwargs):
    result = self._runnel_link.request("call", self, args, kwargs)
    if self._runnel_named or self._runnel_trust == DELEGATED:
        _inherit(result, max(MADE, self._runnel_trust))
    return result


def _next(self):
    going, value = self._runnel_link.request("next", self, None)
    if not going:
        raise StopIteration(value)
    return value


def _send(self, value):
    going, value = self._runnel_link.request("next", self, [value])
    if not going:
        raise StopIteration(value)
    return value


async def _anext(self):
    going, value = await self._runnel_link.wait(self, "anext")
    if not going:
        raise StopAsyncIteration
    return value


def _leave(self, kind, error, trace):
    return self._runnel_link.request("op", "exit", self, error)


async def _aenter(self):
    return await self._runnel_link.request("op", "aenter", self)


async def _aleave(self, kind, error, trace):
    return await self._runnel_link.request("op", "aexit", self, error)


def _contains(self, item):
    return bool(_operate("contains", self, item))


def _int_like(name, kind):
    def method(self):
        value = self._runnel_link.request("op", name, self)
        if type(value) is not kind:
            raise TypeError(f"the solution gave {type(value).__name__} where {kind.__name__} was asked for")
        return value

    return method


METHODS = {f"__{name}__": (lambda n: lambda a, b: _operate(n, a, b))(name) for name in BINARY + ORDER}
METHODS |= {f"__r{name}__": (lambda n: lambda a, b: _operate(n, b, a))(name) for name in BINARY}
METHODS |= {
    f"__i{name}__": (lambda n: lambda a, b: _operate(n, a, b))("i" + name) for name in BINARY if name != "divmod"
}
METHODS |= {f"__{name}__": _op(name) for name in UNARY + "getitem setitem delitem reversed round bytes".split()}
METHODS |= {
    "__call__": _call, "__iter__": _request("iter"), "__next__": _next, "send": _send, "__contains__": _contains,
    "__len__": _int_like("len", int), "__bool__": _int_like("bool", bool), "__int__": _int_like("int", int),
    "__float__": _int_like("float", float), "__index__": _int_like("index", int), "__complex__": _op("complex"),
    "__enter__": _op("enter"), "__exit__": _leave, "__aenter__": _aenter, "__aexit__": _aleave,
    "__await__": lambda self: self._runnel_link.wait(self, "await").__await__(),
    "__aiter__": _op("aiter"), "__anext__": _anext,
    "__instancecheck__": lambda self, value: bool(self._runnel_link.request("isinstance", value, self)),
    "__subclasscheck__": lambda self, value: bool(self._runnel_link.request("issubclass", value, self)),
}  # fmt: skip


def methods_of(value):
    """The names in METHODS that an object of ours answers to."""
    kind = type(value)
    # Not by `getattr`: that would find what its metaclass does to the class itself.
    members = {name: member for cls in reversed(kind.__mro__) for name, member in vars(cls).items() if name in METHODS}
    names = [name for name, member in members.items() if member is not None]
    if isinstance(value, type) and "__getitem__" not in names and hasattr(value, "__class_getitem__"):
        names.append("__getitem__")
    return names


def class_for(name, module, methods, base):
    """The class of handles for objects of one class of the other side."""
    members = {method: METHODS[method] for method in methods if method in METHODS}
    members |= {"__slots__": (), "_runnel_base": base, "__module__": module, "__doc__": _DOC}
    members["_runnel_is_coroutine"] = (name, module) == ("coroutine", "builtins") and "__await__" in members
    if "__iter__" not in members and "__getitem__" not in members:
        members["__iter__"] = None
    return type(name, (Handle,), members)


Handle._runnel_base = None
_DOC = Handle.__dict__["__doc__"]
