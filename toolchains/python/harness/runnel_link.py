"""The link between the two sandboxes of a function-level test: calls in both directions over two pipes.

One line of JSON is one message: `{"q": operation, "i": number, "v": values, "d": handles let go}` asks, and
`{"i": number, "r": result, "m": updates}` or `{"i": number, "x": exception, "m": updates}` answers. Whoever waits for an
answer serves what the other side asks meanwhile, so calls nest and never cross. Both hosts use this file; what the
solution's side may do to objects of the harness is in `runnel_guard`.
"""

import copy
import functools
import json
import os
import sys
import types
import weakref

from runnel_async import Awaiting
from runnel_codec import BASES, Decoder, Encoder, Unsendable
from runnel_handles import FUNCTIONS, Handle, class_for, methods_of

MOST_LINE = 16 * 1024 * 1024
MOST_HANDLES = 200_000
MOST_NESTED = 150


class LinkEnded(BaseException):
    """The other sandbox has ended, or writes what is no message. No `except Exception` of a test may swallow this."""


class Link(Awaiting):
    """One side. `prefix` opens each line that is sent; `guard(operation, values, was_given)` may refuse what is asked."""

    def __init__(self, prefix, guard=None):
        super().__init__()
        self._streams = sys.stdin, sys.stdout  # kept: they would be closed when replaced
        self._in, self._out, self._prefix = sys.stdin.buffer, 1, prefix
        self._guard = guard
        self.trusts_all = guard is None
        self.why_ended = None
        self._last = self._nested = 0
        self.released = []
        self._own, self._numbers, self._next = {}, {}, 1
        self._foreign = weakref.WeakValueDictionary()
        self._foreign_kinds = {}  # by number: classes of handles
        self._kinds = {}  # descriptions that the other side knows: number
        self._classes, self._class_numbers, self._foreign_classes, self._home_classes = {}, {}, {}, {}
        self.operations = {name[3:]: getattr(self, name) for name in dir(self) if name.startswith("do_")}

    # ------------------------------------------------------------------------------------------ the wire

    def request(self, operation, *values):
        """Asks the other side; gives its result or raises its exception."""
        if self.why_ended:
            raise LinkEnded(self.why_ended)
        if self._nested >= MOST_NESTED:
            raise RecursionError("calls between solution and tests nest too deeply")
        self._last += 1
        number = self._last
        encoder = Encoder(self)
        message = {"q": operation, "i": number, "v": [encoder.encode(value) for value in values]}
        released = [each for each in self.released if each not in self._foreign]
        self.released.clear()
        if released:
            message["d"] = released
        self._send(message, encoder)
        self._nested += 1
        try:
            while "q" in (answer := self._receive()):
                self._serve(answer)
        finally:
            self._nested -= 1
        try:
            if answer["i"] != number:
                raise ValueError("an answer to another question")
            decoder = Decoder(self, encoder.containers)
            result, error = None, None
            if "x" in answer:
                error = decoder.decode(answer["x"])
            else:
                result = decoder.decode(answer["r"])
            for which, content in answer.get("m", ()):
                decoder.fill(encoder.containers[which], content)
        except Exception as reason:
            raise self._break(f"it sent what is no answer ({type(reason).__name__})") from None
        if isinstance(error, BaseException):
            raise error
        return result

    def serve_forever(self):
        while True:
            self._serve(self._receive())

    def _break(self, why):
        self.why_ended = self.why_ended or f"the solution has ended: {why}"
        return LinkEnded(self.why_ended)

    def _receive(self):
        line = self._in.readline(MOST_LINE + 1)
        if not line:
            raise self._break("its process is over")
        try:
            if len(line) > MOST_LINE:
                raise ValueError("too long")
            message = json.loads(line)
            if not isinstance(message, dict) or not isinstance(message["i"], int):
                raise ValueError("no message")
        except (ValueError, KeyError, RecursionError, MemoryError):
            raise self._break("it wrote to its standard output what is no answer") from None
        return message

    def _send(self, message, encoder):
        text = json.dumps(message, separators=(",", ":"), check_circular=False)
        if len(text) > MOST_LINE - 2:
            raise Unsendable(f"a value of more than {MOST_LINE >> 20} MiB cannot be passed between solution and tests")
        for kind, number in encoder.described:
            (self._kinds if kind == "h" else self._class_numbers)[number] = True
        self.write(self._prefix + text + "\n")

    def write(self, text):
        """Writes whole lines to the real standard output."""
        data = memoryview(text.encode("ascii"))
        while data:
            data = data[os_write(self._out, data) :]

    # ------------------------------------------------------------------------------------------- serving

    def _serve(self, message):
        decoder, arguments = Decoder(self), {}
        before = ()
        try:
            for number in message.get("d", ()):
                self._let_go(number)
            values = [decoder.decode(value) for value in message["v"]]
            before = [(number, target, _parts(target)) for number, target in decoder.containers.items()]
            arguments = {id(target): number for number, target, _ in before}
            operation = self.operations[message["q"]]
            if self._guard:
                self._guard(message["q"], values, lambda target: id(target) in self._numbers)
            answer = {"r": operation(*values)}
        except LinkEnded:
            raise
        except BaseException as error:
            answer = {"x": error}
        try:
            self._answer(message["i"], answer, before, arguments)
        except LinkEnded:
            raise
        except BaseException as error:
            self._answer(message["i"], {"x": type(error)(*error.args[:1])}, (), {})

    def _answer(self, number, answer, before, arguments):
        encoder = Encoder(self, arguments)
        coded = {name: encoder.encode(value) for name, value in answer.items()}
        changed = [
            [which, encoder.items(target)] for which, target, parts in before if not _same(parts, _parts(target))
        ]
        if changed:
            coded["m"] = changed
        self._send({"i": number, **coded}, encoder)

    def do_get(self, target, name):
        return getattr(target, name)

    def do_set(self, target, name, value):
        setattr(target, name, value)

    def do_del(self, target, name):
        delattr(target, name)

    def do_call(self, target, args, kwargs):
        return target(*args, **kwargs)

    def do_op(self, name, *args):
        return FUNCTIONS[name](*args)

    def do_iter(self, target):
        return iter(target)

    def do_next(self, target, sent):
        try:
            return True, next(target) if sent is None else target.send(sent[0])
        except StopIteration as end:
            return False, end.value

    def do_isinstance(self, value, cls):
        return isinstance(value, cls)

    def do_issubclass(self, value, cls):
        return issubclass(value, cls)

    def do_value(self, target):
        base = _base_of(target)
        if base is None:
            raise TypeError("this object has no plain value")
        return _plain(target, base)

    def do_copy(self, target):
        return copy.copy(target)

    def do_deepcopy(self, target):
        return copy.deepcopy(target)

    def value_of(self, handle):
        """The plain value of an object of the other side whose class extends a plain type."""
        value = self.request("value", handle)
        if type(value) is not type(handle)._runnel_base:
            raise self._break("it gave a value of another type")
        return value

    # ------------------------------------------------------------------------------------------- handles

    def encode_handle(self, value, encoder):
        if issubclass(type(value), Handle) and value._runnel_link is self:
            return ["H", value._runnel_number]
        number = self._numbers.get(id(value))
        if number is None:
            if len(self._own) >= MOST_HANDLES:
                raise Unsendable(f"more than {MOST_HANDLES} objects are known to both the solution and the tests")
            if isinstance(value, types.ModuleType) and self._guard:
                raise TypeError("a module of the tests cannot be passed to the solution")
            number, self._next = self._next, self._next + 1
            self._own[number] = value
            self._numbers[id(value)] = number
        base = _base_of(value)
        description = (type(value), tuple(methods_of(value)))
        kind = self._kinds.get(description)
        if kind is None:
            kind = self._kinds[description] = len(self._kinds) + 1
        if ("sent", kind) in self._kinds or ("h", ("sent", kind)) in encoder.described:
            return ["h", number, kind]
        encoder.described.append(("h", ("sent", kind)))
        cls = type(value)
        return ["h", number, kind, cls.__name__, str(cls.__module__), list(description[1]), base and base.__name__]

    def decode_handle(self, number, kind, name=None, module=None, methods=None, base=None):
        if name is not None and kind not in self._foreign_kinds:
            bases = {cls.__name__: cls for cls in BASES}
            self._foreign_kinds[kind] = class_for(str(name), str(module), methods, base and bases[base])
        known = self._foreign.get(number)
        if known is None:
            if len(self._foreign) >= MOST_HANDLES:
                raise ValueError("too many objects")
            known = self._foreign[number] = self._foreign_kinds[kind](self, number)
        # A real coroutine: `asyncio.run` and `create_task` take nothing else.
        return self.wait(known, "await") if self._foreign_kinds[kind]._runnel_is_coroutine else known

    def home(self, number):
        return self._own[number]

    def _let_go(self, number):
        value = self._own.pop(number, None)
        self._numbers.pop(id(value), None)

    # ------------------------------------------------------------------------------- classes of exceptions

    def number_of_class(self, cls):
        number = next((n for n, known in self._classes.items() if known is cls), None)
        if number is None:
            number = len(self._classes) + 1
            self._classes[number] = cls
        return number, number in self._class_numbers

    def own_class(self, number):
        return self._classes[number]

    def home_of_class(self, cls):
        return self._home_classes.get(cls)

    def foreign_class(self, number, make):
        if number not in self._foreign_classes:
            cls, is_theirs = make()
            self._foreign_classes[number] = cls
            if is_theirs:
                self._home_classes[cls] = number
        return self._foreign_classes[number]

    def make_exception_class(self, name, module, bases):
        return self._kind_of_classes(name, bases, {"__str__": _text_of, "__module__": module, "_runnel_text": None})

    @functools.cached_property
    def _kind_of_classes(link):
        class Kind(type):
            """Calls and attributes of a class made here go to the one that it stands for."""

            def __call__(cls, *args, **kwargs):
                return (
                    link.request("call", cls, args, kwargs)
                    if cls in link._home_classes
                    else super().__call__(*args, **kwargs)
                )

            def __getattr__(cls, attribute):
                if cls not in link._home_classes or attribute.startswith("__"):
                    raise AttributeError(f"type object '{cls.__name__}' has no attribute '{attribute}'")
                return link.request("get", cls, attribute)

        return Kind

    def place_of(self, error):
        """Where in the sender's files an exception arose, in words."""
        where = error.__dict__.get("_runnel_place")
        trace = error.__traceback__
        while trace is not None:
            file = trace.tb_frame.f_code.co_filename
            if not os.path.basename(file).startswith(("runnel_", "harness_", "solution_host")) and os.path.isfile(file):
                if not file.startswith(("/python", sys.prefix)):
                    where = f"{os.path.basename(file)}, line {trace.tb_lineno}"
            trace = trace.tb_next
        return where


os_write = os.write


def _text_of(error):
    known = error.__dict__.get("_runnel_text")
    return known if known is not None else Exception.__str__(error)


def _parts(target):
    """What a container holds, to see whether it was changed; the parts are compared by identity."""
    if isinstance(target, bytearray):
        return [bytes(target)]
    if isinstance(target, dict):
        return [part for pair in target.items() for part in pair]
    return list(target)


def _same(before, after):
    if len(before) == 1 and type(before[0]) is bytes:
        return before == after
    return len(before) == len(after) and all(map(lambda a, b: a is b, before, after))


def _base_of(value):
    """The plain type that the class of an object extends, if it does."""
    for base in BASES:
        if isinstance(value, base) and issubclass(type(value), base):
            return base
    return None


def _plain(value, base):
    """The value that an object has as its base type, past any method of its own class."""
    if base is int:
        return int.__add__(value, 0)
    if base is float:
        return float.__add__(value, 0.0)
    if base is complex:
        return complex.__add__(value, 0)
    if base is str:
        return str.__getitem__(value, slice(None)) if type(value) is str else "".join(str.__iter__(value))
    if base is dict:
        return {key: item for key, item in dict.items(value)}
    if base in (bytes, bytearray):
        return base(base.__iter__(value))
    return base(base.__iter__(value))
