"""What conditions do with values: as CEL says, but a comparison across types is a doubt, not a no."""

from datetime import datetime, timedelta
from typing import Any

from cel_expr_python import cel


class DoubtError(Exception):
    """A condition cannot be evaluated."""


class Budget:
    """How many rounds the macros of a plan's conditions may still go; work on long values counts too."""

    __slots__ = ("left",)

    def __init__(self, rounds: int) -> None:
        self.left = rounds

    def spend(self, rounds: int) -> None:
        """Go so many rounds. Raises DoubtError where they are used up."""
        self.left -= rounds
        if self.left < 0:
            raise DoubtError("the budget is used up")


UNLIMITED = Budget(2**63)  # outside of macros the record bounds how many values there are
LONG_TEXT = 10_000  # characters; the library reads a shorter text in less time than one call of it takes
_KINDS = (
    (bool, "bool"),
    (int | float, "number"),
    (str, "text"),
    (bytes, "bytes"),
    (list | tuple, "list"),
    (dict, "map"),
    (datetime, "time"),
    (timedelta, "duration"),
    (cel.Type, "type"),
)
ORDERED = frozenset({"number", "text", "time", "duration"})
HELD = frozenset({"list", "map"})  # kinds that hold values


def kind_of(value: Any) -> str:
    """The kind of a value; values of two kinds cannot be compared."""
    return next((kind for types, kind in _KINDS if isinstance(value, types)), "null")


def truth(value: Any) -> bool:
    """A boolean, or a doubt."""
    if value is True or value is False:
        return bool(value)
    raise DoubtError("no boolean")


def equal(one: Any, other: Any, budget: Budget) -> bool:
    """Whether two values are equal. Raises DoubtError where they, or parts of them, are of two kinds."""
    if type(one) is str and type(other) is str:
        return one == other
    kind = kind_of(one)
    if kind != kind_of(other):
        raise DoubtError("values of two kinds")
    if kind == "list":
        return _equal_lists(one, other, budget)
    if kind == "map":
        return _equal_maps(one, other, budget)
    return bool(one == other)


def _equal_lists(one: list[Any], other: list[Any], budget: Budget) -> bool:
    budget.spend(min(len(one), len(other)))
    # a list, not a generator: a doubt about a later part outweighs an earlier no
    alike = [equal(mine, its, budget) for mine, its in zip(one, other, strict=False)]
    return len(one) == len(other) and all(alike)


def _equal_maps(one: dict[Any, Any], other: dict[Any, Any], budget: Budget) -> bool:
    budget.spend(min(len(one), len(other)))
    alike = [equal(value, other[key], budget) for key, value in one.items() if key in other]
    return one.keys() == other.keys() and all(alike)


def contained(value: Any, held: Any, budget: Budget, keyed: bool) -> bool:
    """`value in held`; of a map its keys, where `keyed` says that a map is meant.

    Raises DoubtError where no element is equal and one is of another kind.
    """
    if keyed and isinstance(held, dict):
        return value in held if isinstance(value, str) else _doubt("a key that is no text")
    if not isinstance(held, list | tuple):
        raise DoubtError("no list")
    budget.spend(len(held))
    doubted = False
    for element in held:
        try:
            if equal(value, element, budget):
                return True
        except DoubtError:
            doubted = True
    return _doubt("elements of another kind") if doubted else False


def field(held: Any, name: str) -> Any:
    """A field of a map."""
    if isinstance(held, dict) and name in held:
        return held[name]
    raise DoubtError(f"no {name}")


def element(held: Any, at: Any) -> Any:
    """held[at]."""
    if isinstance(held, dict):
        return field(held, at) if isinstance(at, str) else _doubt("a key that is no text")
    if isinstance(held, list | tuple) and kind_of(at) == "number" and at == int(at) and 0 <= at < len(held):
        return held[int(at)]
    raise DoubtError("no such element")


def size(value: Any) -> int:
    """Code points of a text, bytes, elements or entries."""
    if isinstance(value, str | bytes | list | tuple | dict):
        return len(value)
    raise DoubtError("has no size")


def weight(value: Any) -> int:
    """What looking at a whole value costs, in rounds."""
    return 1 + len(value) // 64 if isinstance(value, str | bytes) else 1


def weight_of_long(value: Any) -> int:
    """The same where each text is read once: a short one costs nothing."""
    return len(value) // 64 if isinstance(value, str | bytes) and len(value) > LONG_TEXT else 0


def known(found: Any) -> Any:
    """What the library found. Raises DoubtError for NaN, with which every comparison is a no."""
    if found != found:  # noqa: PLR0124 - true of NaN alone
        raise DoubtError("not a number")
    return bytes(found) if isinstance(found, bytearray) else found


def _doubt(why: str) -> bool:
    raise DoubtError(why)
