"""Values to JSON and back, for the link between the two sandboxes of a function-level test.

Numbers, texts and containers go by value; exceptions by class, arguments and plain attributes; everything else as a
handle. Nothing that arrives is ever evaluated or looked up by a name that is not in a table here: the harness reads what
the solution wrote. Used by `runnel_link`. None, bool, small int, finite float and str are themselves in JSON; all else
is a list that opens with a tag.
"""

import base64
import builtins
import collections
import datetime
import decimal
import fractions
import functools
import math
import sys

MOST_NODES = 1_000_000
MOST_DEPTH = 100
_PLAIN_INT = 1 << 62
_TOO_LARGE = f"a value of more than {MOST_NODES} parts cannot be passed between solution and tests"
_MUTABLE = (list, dict, set, bytearray, collections.deque, collections.OrderedDict, collections.Counter)
BASES = (str, bytes, bytearray, int, float, complex, tuple, list, dict, set, frozenset)
SINGLETONS = {"...": Ellipsis, "ni": NotImplemented}
_TYPES = "object bool int float complex str bytes bytearray list tuple dict set frozenset range slice"
CLASSES = {name: getattr(builtins, name) for name in _TYPES.split()}
CLASSES["NoneType"] = type(None)
CLASSES |= {n: c for n, c in vars(builtins).items() if isinstance(c, type) and issubclass(c, BaseException)}
_NAMES = {cls: name for name, cls in CLASSES.items()}
# Exceptions of the library that arrive as themselves. None that a test framework gives a meaning of its own.
_LIBRARY = {
    "json.decoder",
    "decimal",
    "_queue",
    "queue",
    "dataclasses",
    "binascii",
    "statistics",
    "asyncio.queues",
    "_csv",
}
_LIBRARY |= {
    "struct",
    "zlib",
    "subprocess",
    "configparser",
    "shutil",
    "concurrent.futures._base",
    "ipaddress",
    "argparse",
}
_LIBRARY |= {"re", "re._constants", "tomllib", "enum", "zoneinfo._common", "graphlib", "string", "asyncio.exceptions"}
# They steer the interpreter or a test runner of the receiver, so they arrive as a plain error of the same name.
_STEERING = (StopIteration, StopAsyncIteration, KeyboardInterrupt, GeneratorExit)


class Unsendable(ValueError):
    """A value that is too large or too deep."""


class Encoder:
    """Encodes the values of one message. `arguments`: containers that the receiver has already, by identity."""

    def __init__(self, link, arguments=None):
        self._link, self._arguments = link, arguments or {}
        self._seen, self._nodes, self._depth = {}, 0, 0
        self.containers = []  # by number: what the receiver may update
        self.described = []

    def encode(self, value):
        kind = type(value)
        if value is None or kind is bool:
            return value
        if kind is int:
            return value if -_PLAIN_INT < value < _PLAIN_INT else ["i", hex(value)]
        if kind is str:
            return value if value.isascii() or not _has_surrogates(value) else ["s", [ord(c) for c in value]]
        if kind is float:
            return value if math.isfinite(value) else ["f", repr(value)]
        self._nodes += 1
        if self._nodes > MOST_NODES:
            raise Unsendable(_TOO_LARGE)
        if self._depth >= MOST_DEPTH:
            raise Unsendable(
                f"a value nested deeper than {MOST_DEPTH} levels cannot be passed between solution and tests"
            )
        self._depth += 1
        try:
            return self._container(value, kind)
        finally:
            self._depth -= 1

    def items(self, value):
        """What is in a mutable container, for a first message or an update."""
        if isinstance(value, bytearray):
            return base64.b64encode(value).decode()
        self._nodes += len(value)  # before a huge one is walked
        if self._nodes > MOST_NODES:
            raise Unsendable(_TOO_LARGE)
        if isinstance(value, dict):
            return [self.encode(part) for pair in dict.items(value) for part in pair]
        return [self.encode(item) for item in list(value)]

    def _container(self, value, kind):
        if kind in _MUTABLE:
            number = self._arguments.get(id(value))
            if number is not None:
                return ["a", number]
            number = self._seen.get(id(value))
            if number is not None:
                return ["@", number]
            number = self._seen[id(value)] = len(self.containers)
            self.containers.append(value)
            extra = [value.maxlen] if kind is collections.deque else []
            return [_TAGS[kind], number, self.items(value), *extra]
        if kind is tuple or kind is frozenset:
            self._nodes += len(value)
            if self._nodes > MOST_NODES:
                raise Unsendable(_TOO_LARGE)
        if kind is tuple:
            return ["t", [self.encode(item) for item in value]]
        if kind is frozenset:
            return ["F", [self.encode(item) for item in value]]
        if kind is bytes:
            return ["y", base64.b64encode(value).decode()]
        if kind is complex:
            return ["c", self.encode(value.real), self.encode(value.imag)]
        if kind is range:
            return ["r", self.encode(value.start), self.encode(value.stop), self.encode(value.step)]
        if kind is slice:
            return ["sl", self.encode(value.start), self.encode(value.stop), self.encode(value.step)]
        if kind is decimal.Decimal:
            return ["D", str(value)]
        if kind is fractions.Fraction:
            return ["Q", self.encode(value.numerator), self.encode(value.denominator)]
        if kind in _DATES:
            return _encode_date(value, kind) or self._link.encode_handle(value, self)
        if kind is collections.defaultdict:
            return self._container(dict(value), dict)
        for name, single in SINGLETONS.items():
            if value is single:
                return ["e", name]
        if isinstance(value, tuple) and _is_namedtuple(kind):
            return ["nt", kind.__name__, list(kind._fields), [self.encode(item) for item in tuple.__iter__(value)]]
        if isinstance(value, type) and issubclass(value, BaseException):
            return self._exception_class(value)
        if isinstance(value, type) and value in _NAMES:
            return ["b", _NAMES[value]]
        if isinstance(value, BaseException):
            return self.exception(value)
        return self._link.encode_handle(value, self)

    # ------------------------------------------------------------------------------------------- exceptions

    def exception(self, error, with_cause=True):
        attributes = [
            (name, value) for name, value in list(vars(error).items()) if not name.startswith("__") and _is_data(value)
        ]
        args = [
            self.encode(arg) if _is_data(arg) or isinstance(arg, BaseException) else _text(arg, repr)
            for arg in error.args
        ]
        cause = error.__cause__ if with_cause else None
        return [
            "x",
            self._exception_class(type(error)),
            args,
            None if type(error) in _NAMES else _text(error),
            [part for name, value in attributes for part in (name, self.encode(value))],
            self._link.place_of(error),
            None if cause is None else self.exception(cause, False),
        ]

    def _exception_class(self, cls):
        if cls in _NAMES:
            return ["b", _NAMES[cls]]
        home = self._link.home_of_class(cls)
        if home is not None:
            return ["xh", home]
        number, known = self._link.number_of_class(cls)
        if known or ("x", number) in self.described:
            return ["xc", number]
        self.described.append(("x", number))
        bases = [self._exception_class(base) for base in cls.__bases__ if issubclass(base, BaseException)]
        return ["xc", number, cls.__name__, cls.__module__ or "", bases]


class Decoder:
    """Decodes one message. `arguments`: the containers, by number, that the other side was given."""

    def __init__(self, link, arguments=()):
        self._link, self._arguments = link, arguments
        self.containers = {}  # by number: what this message brought

    def decode(self, coded):
        if not isinstance(coded, list):
            if isinstance(coded, dict):
                raise ValueError("a value that is no value")
            return coded
        return getattr(self, "_" + _METHODS[coded[0]])(*coded[1:])

    def fill(self, target, content):
        """Puts into a container what the message says is in it."""
        if isinstance(target, bytearray):
            target[:] = base64.b64decode(content)
        elif isinstance(target, dict):
            parts = [self.decode(part) for part in content]
            dict.clear(target)
            for key, value in zip(parts[::2], parts[1::2], strict=True):
                dict.__setitem__(target, key, value)
        else:
            items = [self.decode(item) for item in content]
            target.clear()
            (target.update if isinstance(target, set) else target.extend)(items)

    def _new(self, target, number, content):
        self.containers[number] = target
        self.fill(target, content)
        return target

    def _list(self, number, items):
        return self._new([], number, items)

    def _dict(self, number, items):
        return self._new({}, number, items)

    def _set(self, number, items):
        return self._new(set(), number, items)

    def _bytearray(self, number, text):
        return self._new(bytearray(), number, text)

    def _deque(self, number, items, maxlen):
        return self._new(collections.deque(maxlen=maxlen), number, items)

    def _ordered(self, number, items):
        return self._new(collections.OrderedDict(), number, items)

    def _counter(self, number, items):
        return self._new(collections.Counter(), number, items)

    def _again(self, number):
        return self.containers[number]

    def _argument(self, number):
        return self._arguments[number]

    def _tuple(self, items):
        return tuple([self.decode(item) for item in items])

    def _frozenset(self, items):
        return frozenset([self.decode(item) for item in items])

    def _namedtuple(self, name, fields, items):
        return _namedtuple(str(name), tuple(map(str, fields)))(*[self.decode(item) for item in items])

    def _int(self, text):
        return int(text, 16)

    def _float(self, text):
        return float(text)

    def _str(self, points):
        return "".join(map(chr, points))

    def _bytes(self, text):
        return base64.b64decode(text)

    def _complex(self, real, imag):
        return complex(self.decode(real), self.decode(imag))

    def _range(self, *parts):
        return range(*map(self.decode, parts))

    def _slice(self, *parts):
        return slice(*map(self.decode, parts))

    def _decimal(self, text):
        return decimal.Decimal(text)

    def _fraction(self, *parts):
        return fractions.Fraction(*map(self.decode, parts))

    def _date(self, name, parts, offset):
        cls = {cls.__name__: cls for cls in _DATES}[name]
        if offset is not None:
            zone = datetime.timezone.utc if offset == 0 else datetime.timezone(datetime.timedelta(seconds=offset))
            return cls(*parts, tzinfo=zone)
        return cls(*parts)

    def _singleton(self, name):
        return SINGLETONS[name]

    def _builtin(self, name):
        return CLASSES[name]

    def _handle(self, *parts):
        return self._link.decode_handle(*parts)

    def _home(self, number):
        return self._link.home(number)

    # ------------------------------------------------------------------------------------------- exceptions

    def _home_class(self, number):
        return self._link.own_class(number)

    def _exception_class(self, number, name=None, module=None, bases=None):
        return self._link.foreign_class(number, lambda: self._make_class(name, module, bases))

    def _make_class(self, name, module, bases):
        library = getattr(sys.modules.get(module), name, None) if module in _LIBRARY else None
        if isinstance(library, type) and issubclass(library, Exception):
            return library, False
        # Outside of Exception nothing arrives that the receiver's own code could take for a signal to itself.
        decoded = tuple(dict.fromkeys(_as_error(self.decode(base)) for base in bases)) or (Exception,)
        return self._link.make_exception_class(str(name), str(module), decoded), True

    def _exception(self, cls, args, text, attributes, place, cause):
        wanted = self.decode(cls)
        args = tuple([self.decode(arg) for arg in args])
        if not (isinstance(wanted, type) and issubclass(wanted, BaseException)):
            raise ValueError("an exception of no class")
        if wanted in _STEERING:
            args, wanted = (f"the solution raised {wanted.__name__}",), RuntimeError
        try:
            error = wanted.__new__(wanted, *args)
            if wanted in _NAMES or not hasattr(wanted, "_runnel_text"):
                if issubclass(wanted, (OSError, SyntaxError, UnicodeError, ImportError)):
                    wanted.__init__(error, *args)
        except Exception:
            error = Exception.__new__(Exception)
        error.args = args
        for name, value in zip(attributes[::2], attributes[1::2], strict=True):
            if isinstance(name, str) and not name.startswith("__"):
                error.__dict__[name] = self.decode(value)
        error.__dict__["_runnel_text"] = text if isinstance(text, str) else None
        error.__dict__["_runnel_place"] = str(place)[:200] if place else None
        if cause is not None:
            error.__cause__ = self.decode(cause)
        return error


_TAGS = {list: "l", dict: "d", set: "S", bytearray: "Y", collections.deque: "dq"}
_TAGS |= {collections.OrderedDict: "O", collections.Counter: "C"}
_METHODS = {
    "l": "list", "d": "dict", "S": "set", "Y": "bytearray", "dq": "deque", "O": "ordered", "C": "counter", "@": "again",
    "a": "argument", "t": "tuple", "F": "frozenset", "nt": "namedtuple", "i": "int", "f": "float", "s": "str", "y": "bytes",
    "c": "complex", "r": "range", "sl": "slice", "D": "decimal", "Q": "fraction", "dt": "date", "e": "singleton",
    "b": "builtin", "h": "handle", "H": "home", "xh": "home_class", "xc": "exception_class", "x": "exception",
}  # fmt: skip
_DATES = (datetime.datetime, datetime.date, datetime.time, datetime.timedelta)


def _encode_date(value, kind):
    """The coded date; None if its zone is more than an offset."""
    if kind is datetime.timedelta:
        return ["dt", "timedelta", [value.days, value.seconds, value.microseconds], None]
    if kind is datetime.date:
        return ["dt", "date", [value.year, value.month, value.day], None]
    if value.tzinfo is not None and type(value.tzinfo) is not datetime.timezone:
        return None
    time = [value.hour, value.minute, value.second, value.microsecond]
    day = [value.year, value.month, value.day] if kind is datetime.datetime else []
    offset = None if value.tzinfo is None else value.utcoffset().total_seconds()
    return ["dt", kind.__name__, day + time, offset]


def _as_error(base):
    """The base that a class made here has in place of one that steers the interpreter."""
    return base if base not in _STEERING and issubclass(base, Exception) else Exception


def _is_data(value):
    return value is None or type(value) in BASES or type(value) is bool


def _is_namedtuple(kind):
    return kind.__bases__ == (tuple,) and isinstance(getattr(kind, "_fields", None), tuple)


@functools.lru_cache(256)
def _namedtuple(name, fields):
    return collections.namedtuple(name, fields)


def _has_surrogates(text):
    try:
        text.encode()
    except UnicodeEncodeError:
        return True
    return False


def _text(value, convert=str):
    """The text of a value whose own code may do anything."""
    try:
        return str.__str__(convert(value))[:2000]
    except BaseException as error:
        return f"<{type(value).__name__}, and {type(error).__name__} from its text>"
