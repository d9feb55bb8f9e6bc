"""A checked CEL expression as a tree, read from the Protobuf that the CEL project defines (cel.expr.Expr)."""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

Fields = dict[int, list[Any]]
_MAP_KEY, _MAP_VALUE = 3, 4


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal; `unsigned` where it ends in u."""

    value: Any
    unsigned: bool = False


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, or a type by its name."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """operand.field, or has(operand.field)."""

    operand: "Tree"
    field: str
    only_test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function or operator; `target` is what a method is called on."""

    function: str
    target: "Tree | None"
    arguments: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list literal."""

    elements: "tuple[Tree, ...]"


@dataclass(frozen=True, slots=True)
class MapOf:
    """A map literal."""

    entries: "tuple[tuple[Tree, Tree], ...]"


@dataclass(frozen=True, slots=True)
class Fold:
    """What the macros all, exists, exists_one, map and filter stand for."""

    variable: str
    over: "Tree"
    result_variable: str
    start: "Tree"
    goes_on: "Tree"
    step: "Tree"
    result: "Tree"


Tree = Constant | Name | Select | Call | ListOf | MapOf | Fold


class UnreadableTreeError(Exception):
    """The expression has a part that conditions do not use."""


def read(serialized: bytes) -> Tree:
    """The tree of an expression that the library has serialized: an Any that holds a CheckedExpr."""
    checked = _message(_message(serialized)[2][0])
    return _tree(_message(checked[4][0]))


def parts(tree: Tree) -> Iterator[Tree]:
    """A tree and everything in it."""
    yield tree
    within: tuple[Tree, ...] = ()
    match tree:
        case Select(operand, _, _):
            within = (operand,)
        case Call(_, target, arguments):
            within = ((target,) if target else ()) + arguments
        case ListOf(elements):
            within = elements
        case MapOf(entries):
            within = tuple(one for entry in entries for one in entry)
        case Fold(_, over, _, start, goes_on, step, result):
            within = (over, start, goes_on, step, result)
    for one in within:
        yield from parts(one)


def _message(data: bytes) -> Fields:
    found: Fields = {}
    for number, value in _fields(data):
        found.setdefault(number, []).append(value)
    return found


def _fields(data: bytes) -> Iterator[tuple[int, Any]]:
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, kind = tag >> 3, tag & 7
        if kind == 0:
            value, at = _varint(data, at)
            yield number, value
        elif kind == 1:
            yield number, data[at : at + 8]
            at += 8
        elif kind == 2:
            size, at = _varint(data, at)
            yield number, data[at : at + size]
            at += size
        else:
            raise UnreadableTreeError(f"wire type {kind}")


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        byte = data[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at


def _text(fields: Fields, number: int) -> str:
    return fields[number][0].decode() if number in fields else ""


def _child(fields: Fields, number: int) -> "Tree":
    return _tree(_message(fields[number][0]))


def _children(fields: Fields, number: int) -> "tuple[Tree, ...]":
    return tuple(_tree(_message(one)) for one in fields.get(number, ()))


def _tree(expr: Fields) -> Tree:
    for number, reader in _READERS.items():
        if number in expr:
            return reader(_message(expr[number][0]))
    raise UnreadableTreeError("an empty expression")


def _constant(fields: Fields) -> Tree:  # noqa: PLR0911 - one line a kind
    ((kind, values),) = fields.items()
    value = values[0]
    match kind:
        case 1:
            return Constant(None)
        case 2:
            return Constant(bool(value))
        case 3:
            return Constant(value - (1 << 64) if value >> 63 else value)
        case 4:
            return Constant(value, unsigned=True)
        case 5:
            return Constant(struct.unpack("<d", value)[0])
        case 6:
            return Constant(value.decode())
        case 7:
            return Constant(value)
    raise UnreadableTreeError("a constant of another kind")


def _select(fields: Fields) -> Tree:
    return Select(_child(fields, 1), _text(fields, 2), bool(fields.get(3, [0])[0]))


def _call(fields: Fields) -> Tree:
    target = _child(fields, 1) if 1 in fields else None
    function, arguments = _text(fields, 2), _children(fields, 3)
    if function == "dyn":  # only the check of types needs it, and that is done
        (same,) = arguments
        return same
    return Call(function, target, arguments)


def _map(fields: Fields) -> Tree:
    if 1 in fields:
        raise UnreadableTreeError("a message")
    entries = [_message(one) for one in fields.get(2, ())]
    return MapOf(tuple((_child(one, _MAP_KEY), _child(one, _MAP_VALUE)) for one in entries))


def _fold(fields: Fields) -> Tree:
    if 8 in fields:
        raise UnreadableTreeError("a macro of two variables")
    start, goes_on, step, result = (_child(fields, number) for number in (4, 5, 6, 7))
    return Fold(_text(fields, 1), _child(fields, 2), _text(fields, 3), start, goes_on, step, result)


_READERS = {
    3: _constant,
    4: lambda fields: Name(_text(fields, 1)),
    5: _select,
    6: _call,
    7: lambda fields: ListOf(_children(fields, 1)),
    8: _map,
    9: _fold,
}
