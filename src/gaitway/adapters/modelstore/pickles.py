"""Reads pickles without running them.

A pickle is a program: loading it imports what it names and calls it. Here its instructions are followed
with inert values instead. A named function stays a name and a call stays written down, so nothing is ever
imported or called; what it would have built can still be looked at.

Source:
    CPython ``pickletools`` (instruction set); differs: classes, extension codes and every construct that
    checkpoints do not use are refused.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass, field
from io import BufferedIOBase
from typing import IO, Any, cast

from gaitway.errors import ModelFileError

# What torch.save writes for tensors, optimizers and schedulers; all that torch itself loads weights-only.
ALLOWED = frozenset(
    {
        "collections.OrderedDict",
        "collections.Counter",
        "collections.defaultdict",
        "torch.Size",
        "torch.device",
        "torch._utils._rebuild_tensor",
        "torch._utils._rebuild_tensor_v2",
        "torch._utils._rebuild_parameter",
        *(
            f"torch.{kind}Storage"
            for kind in (
                "Float",
                "Double",
                "Half",
                "BFloat16",
                "Long",
                "Int",
                "Short",
                "Char",
                "Byte",
                "Bool",
            )
        ),
    }
)
_MAX_LITERAL_BYTES = 16 << 20  # a checkpoint's texts are names
_MAX_OPCODES = 5_000_000  # a checkpoint of a thousand tensors has about 100 000
_DAMAGE = (ValueError, IndexError, KeyError, TypeError, AttributeError, OverflowError, EOFError)
_DICTS = {"collections.OrderedDict", "collections.defaultdict"}


@dataclass(frozen=True, slots=True)
class Name:
    """A function or class that the pickle names; never imported."""

    path: str


@dataclass(slots=True, eq=False)
class Call:
    """A call that the pickle asks for; never made."""

    function: Name
    arguments: tuple[Any, ...]
    state: Any = None


@dataclass(frozen=True, slots=True, eq=False)
class Reference:
    """Something kept outside the pickle, such as a tensor's numbers."""

    key: Any


def read_pickle(
    stream: IO[bytes] | BufferedIOBase,
    source: str,
    allowed: frozenset[str] = ALLOWED,
    *,
    most_bytes: int = _MAX_LITERAL_BYTES,
) -> Any:
    """Follow one pickle's instructions with inert values.

    Args:
        stream: Where it starts; left right behind its end.
        source: What to call the file in errors.
        allowed: Names it may use.
        most_bytes: Largest literal it may hold.

    Returns:
        Plain values, with Name, Call and Reference where code would have run.

    Raises:
        ModelFileError: It names anything else, uses what checkpoints never do, or is damaged.
    """
    machine = _Machine(source, allowed)
    try:
        limited = cast("IO[bytes]", _Limited(stream, most_bytes))
        for count, (opcode, argument, _) in enumerate(pickletools.genops(limited)):
            if count > _MAX_OPCODES:
                raise ModelFileError(
                    f"{source} is refused: its pickle has more than {_MAX_OPCODES} instructions"
                )
            machine.step(opcode.name, argument)
        return machine.stack[-1]
    except _DAMAGE as error:
        if isinstance(error, ModelFileError):
            raise
        raise ModelFileError(f"{source} has a damaged pickle ({error}): fetch the file again") from error


def values_so_far(start: bytes, source: str, allowed: frozenset[str]) -> list[Any]:
    """Return what stands on the stack where the beginning of a pickle breaks off.

    Raises:
        ModelFileError: It names anything else, or uses what checkpoints never do.
    """
    machine = _Machine(source, allowed)
    try:
        for opcode, argument, _ in pickletools.genops(start):
            machine.step(opcode.name, argument)
    except _DAMAGE as error:
        if isinstance(error, ModelFileError):
            raise
    return machine.stack


@dataclass(frozen=True, slots=True)
class _Limited:
    """A stream that refuses to read more at once than any such file needs, before memory is taken for it."""

    stream: IO[bytes] | BufferedIOBase
    most_bytes: int

    def read(self, count: int) -> bytes:
        if count > self.most_bytes:
            raise ValueError(f"a literal of {count} bytes")
        return self.stream.read(count)

    def readline(self) -> bytes:
        return self.stream.readline(self.most_bytes)


@dataclass(slots=True)
class _Machine:
    """The pickle machine's stack and memory."""

    source: str
    allowed: frozenset[str]
    stack: list[Any] = field(default_factory=list)
    marks: list[int] = field(default_factory=list)
    memo: dict[int, Any] = field(default_factory=dict)

    def step(self, opcode: str, argument: Any) -> None:
        if opcode in _IGNORED:
            return
        if opcode in _LITERALS:
            self.stack.append(argument)
        elif opcode in _CONSTANTS:
            self.stack.append(_CONSTANTS[opcode]())
        elif opcode in _ACTIONS:
            _ACTIONS[opcode](self, argument)
        else:
            raise ModelFileError(f"{self.source} is refused: its pickle uses {opcode}, which may run code")

    def since_mark(self) -> list[Any]:
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def name(self, path: str) -> None:
        if path not in self.allowed:
            raise ModelFileError(
                f"{self.source} is refused: its pickle names {path[:60]}, which may run code"
            )
        self.stack.append(Name(path))

    def stack_global(self) -> None:
        name, module = self.stack.pop(), self.stack.pop()
        self.name(f"{module}.{name}")

    def call(self) -> None:
        arguments, function = self.stack.pop(), self.stack.pop()
        if not isinstance(function, Name):
            raise ModelFileError(f"{self.source} is refused: its pickle calls something that it did not name")
        if not isinstance(arguments, tuple):
            raise TypeError("a call without a tuple of arguments")
        self.stack.append({} if function.path in _DICTS else Call(function, arguments))

    def build(self) -> None:
        state = self.stack.pop()
        if isinstance(self.stack[-1], Call):
            self.stack[-1].state = state

    def set_items(self, values: list[Any]) -> None:
        for key, value in zip(values[::2], values[1::2], strict=True):
            self.stack[-1][_plain(key)] = value

    def tuple_of(self, count: int) -> None:
        values = tuple(self.stack[-count:])
        del self.stack[-count:]
        self.stack.append(values)


def _plain(key: Any) -> Any:
    """Return ``key`` if it can be hashed at once; a tuple of tuples of tuples can take for ever."""
    if not isinstance(key, str | bytes | int | float | None):
        raise TypeError(f"a {type(key).__name__} as a key")
    return key


def _drop(_value: Any) -> None:
    """Forget a value."""


def _pop_pair(machine: _Machine) -> list[Any]:
    value, key = machine.stack.pop(), machine.stack.pop()
    return [key, value]


def _append_one(machine: _Machine) -> None:
    value = machine.stack.pop()
    machine.stack[-1].append(value)


def _append_many(machine: _Machine) -> None:
    values = machine.since_mark()
    machine.stack[-1].extend(values)


def _add_many(machine: _Machine) -> None:
    values = machine.since_mark()
    machine.stack[-1].update(map(_plain, values))


def _set_many(machine: _Machine) -> None:
    values = machine.since_mark()
    machine.set_items(values)


def _new_dict(machine: _Machine) -> None:
    values = machine.since_mark()
    machine.stack.append({})
    machine.set_items(values)


def _remember(machine: _Machine, index: int | None) -> None:
    machine.memo[len(machine.memo) if index is None else index] = machine.stack[-1]


_IGNORED = {"PROTO", "FRAME", "STOP"}
_LITERALS = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "LONG4", "FLOAT", "BINFLOAT"),
    *("STRING", "BINSTRING", "SHORT_BINSTRING", "UNICODE", "SHORT_BINUNICODE", "BINUNICODE", "BINUNICODE8"),
    *("BINBYTES", "SHORT_BINBYTES", "BINBYTES8", "BYTEARRAY8"),
}
_CONSTANTS: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_LIST": list,
    "EMPTY_TUPLE": tuple,
    "EMPTY_DICT": dict,
    "EMPTY_SET": set,
}
_ACTIONS: dict[str, Callable[[_Machine, Any], None]] = {
    "MARK": lambda m, _: m.marks.append(len(m.stack)),
    "POP": lambda m, _: _drop(m.stack.pop()),
    "POP_MARK": lambda m, _: _drop(m.since_mark()),
    "DUP": lambda m, _: m.stack.append(m.stack[-1]),
    "LIST": lambda m, _: m.stack.append(m.since_mark()),
    "TUPLE": lambda m, _: m.stack.append(tuple(m.since_mark())),
    "DICT": lambda m, _: _new_dict(m),
    "FROZENSET": lambda m, _: m.stack.append(frozenset(map(_plain, m.since_mark()))),
    "TUPLE1": lambda m, _: m.tuple_of(1),
    "TUPLE2": lambda m, _: m.tuple_of(2),
    "TUPLE3": lambda m, _: m.tuple_of(3),
    "APPEND": lambda m, _: _append_one(m),
    "APPENDS": lambda m, _: _append_many(m),
    "ADDITEMS": lambda m, _: _add_many(m),
    "SETITEM": lambda m, _: m.set_items(_pop_pair(m)),
    "SETITEMS": lambda m, _: _set_many(m),
    "PUT": _remember,
    "BINPUT": _remember,
    "LONG_BINPUT": _remember,
    "MEMOIZE": _remember,
    "GET": lambda m, index: m.stack.append(m.memo[index]),
    "BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "LONG_BINGET": lambda m, index: m.stack.append(m.memo[index]),
    "GLOBAL": lambda m, names: m.name(names.replace(" ", ".", 1)),
    "STACK_GLOBAL": lambda m, _: m.stack_global(),
    "REDUCE": lambda m, _: m.call(),
    "NEWOBJ": lambda m, _: m.call(),
    "BUILD": lambda m, _: m.build(),
    "PERSID": lambda m, key: m.stack.append(Reference(key)),
    "BINPERSID": lambda m, _: m.stack.append(Reference(m.stack.pop())),
}
