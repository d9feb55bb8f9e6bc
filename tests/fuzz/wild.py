"""Seeded records that keep every constraint of their types and no habit: worked out from the types."""

import random
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, TypeVar
from uuid import UUID

from msgspec import inspect as shapes

from gate_events import records
from gate_events.values import Step
from tests.store.examples import NOON

T = TypeVar("T")

TEXTS = (
    "",
    " ",
    "ä€😀",
    "'; DROP TABLE gates; --",
    "{{ to }}",
    "%s\\",
    "\u202eabc",
    "a\nb",
    "null",
    "x" * 300,
)
NAMES = ("email.send", "s1", "ada", "\u2028", "…", "' OR 1=1", "\\u0000", "0", "a" * 256, "look", "pay")
NUMBERS = (0, -1, 1, 2**31 - 1, 2**53 - 1, -(2**53), 1.5, -0.0, 1e308, 5e-324, True, None)
MOMENTS = (
    datetime(1, 1, 1, tzinfo=UTC),
    datetime(1969, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
    datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC),
)


def wild(record: type[Any], chance: random.Random) -> Any:
    """A record of this type. Raises ValueError where two of its steps got the same id."""
    return _of(_shape(record.__name__), chance)


@cache
def _shape(name: str) -> shapes.Type:
    return shapes.type_info(getattr(records, name))


def json_value(chance: random.Random, depth: int = 3) -> Any:
    """Any JSON value."""
    kind = chance.randrange(6 if depth else 4)
    if kind < 2:
        return chance.choice(TEXTS)
    if kind < 4:
        return chance.choice(NUMBERS)
    inner = [json_value(chance, depth - 1) for _ in range(chance.randrange(4))]
    return inner if kind == 4 else {f"{n}{chance.choice(TEXTS)}": each for n, each in enumerate(inner)}


def _of(shape: shapes.Type, chance: random.Random) -> Any:  # noqa: PLR0911 - one line per kind of type
    match shape:
        case shapes.StructType():
            return _struct(shape, chance)
        case shapes.UnionType():
            return _of(chance.choice(shape.types), chance)
        case shapes.EnumType():
            return chance.choice(list(shape.cls))
        case shapes.VarTupleType():
            return tuple(_of(shape.item_type, chance) for _ in range(chance.choice((0, 1, 1, 2, 3))))
        case shapes.StrType():
            return _text(shape, chance)
        case shapes.IntType():
            return chance.choice((shape.ge or 0, shape.le or 2**31 - 1, 1, 2, 7))
        case shapes.DateTimeType():
            return _moment(chance)
        case shapes.UUIDType():
            return UUID(int=chance.choice((0, 2**128 - 1, *[chance.getrandbits(128)] * 40)))
        case shapes.BoolType():
            return chance.random() < 0.5
        case shapes.NoneType():
            return None
        case shapes.DictType():
            return {f"k{n}": json_value(chance) for n in range(chance.randrange(3))}
        case shapes.AnyType():
            return json_value(chance)
    raise AssertionError(f"no value is known for {shape}")


def _struct(shape: shapes.StructType, chance: random.Random) -> Any:
    made = {field.name: _of(field.type, chance) for field in shape.fields}
    if shape.cls is Step and chance.random() < 0.9:
        made["after"] = pick(chance, (None, ()))  # any other step is hardly ever there
    return shape.cls(**made)


def _text(shape: shapes.StrType, chance: random.Random) -> str:
    if "a-f" in (shape.pattern or ""):
        return f"{chance.getrandbits(256):064x}"
    return chance.choice(NAMES if shape.min_length else TEXTS)


def _moment(chance: random.Random) -> datetime:
    near = NOON + timedelta(seconds=chance.randrange(-86_400, 86_400))
    return near if chance.random() < 0.8 else chance.choice(MOMENTS)


Maker = Callable[[], Any]


def until_valid(make: Maker, tries: int = 200) -> Any:
    """What `make` gives; two equal step ids are drawn anew."""
    for _ in range(tries):
        try:
            return make()
        except ValueError:
            continue
    raise AssertionError("no valid record came of it")


def pick(chance: random.Random, several: Sequence[T]) -> T:
    """One of them."""
    return several[chance.randrange(len(several))]
