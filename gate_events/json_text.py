"""JSON as text, read so that two parsers cannot understand it differently."""

import json
import re
from collections import Counter
from dataclasses import fields, is_dataclass
from typing import Any

import msgspec

DEEPEST = 100  # of a kept result: it is written and read again inside of records, by deeper callers


def to_text(value: Any) -> str:
    """A value as compact JSON. Raises ValueError or TypeError for what JSON has no word for."""
    text = msgspec.json.encode(value).decode()
    if "null" in text:  # msgspec writes NaN and Infinity as null: the value would change unseen
        json.dumps(value, allow_nan=False, default=str)
    return _storable(text)


def from_text(text: str | bytes) -> Any:
    """JSON to a value.

    Raises ValueError: no JSON, a lone surrogate, a number beyond range, U+0000, a repeated key. Raises
    RecursionError where it is nested too deeply.
    """
    value = msgspec.json.decode(text)
    whole = _storable(text if isinstance(text, str) else text.decode())
    # Each key has its colon: where all colons are spent on distinct keys, none stands twice.
    if not (isinstance(value, dict) and whole.count(":") == len(value)):
        _DUPLICATES.decode(whole)
    return value


def kept_result(value: Any) -> tuple[Any, str]:
    """What an effect returned as the JSON that is kept of it, and words about it where nothing is.

    The effect has happened, so whatever it returned is no failure: None stands for what is no JSON, holds a
    set (which has no order), NaN, U+0000 or a lone surrogate, or is nested too deeply to be read everywhere.
    """
    try:
        json.dumps(value, allow_nan=False, skipkeys=True, default=_without_sets)
        kept = from_text(to_text(value))
        if _depth(kept) > DEEPEST:
            raise ValueError(f"nested more than {DEEPEST} deep")
    except Exception as error:  # any value may come back, and each fails in its own way
        return None, f"its result ({type(value).__name__}) is no JSON and was not kept ({_in_short(error)})"
    return kept, ""


def _without_sets(value: Any) -> Any:
    """The members of what only msgspec can write, for a look into them."""
    if isinstance(value, set | frozenset):
        raise TypeError("a set has no order; return a list")
    if isinstance(value, msgspec.Struct):
        return msgspec.structs.asdict(value)
    if is_dataclass(value):
        return {field.name: getattr(value, field.name) for field in fields(value)}
    return None


def _depth(value: Any) -> int:
    """How deeply arrays and objects stand in each other; it counts no further than DEEPEST + 1."""
    inside, depth = [value], 0
    while depth <= DEEPEST and (inside := [each for each in inside if isinstance(each, list | dict)]):
        depth += 1
        inside = [part for each in inside for part in (each.values() if isinstance(each, dict) else each)]
    return depth


def _in_short(error: Exception) -> str:
    """One line that can be stored: an error may quote what is at fault."""
    told = f"{type(error).__name__}: {error}".replace("\0", "")
    return told.encode("utf-8", "replace").decode().splitlines()[0][:200]


def _storable(text: str) -> str:
    if "\\u0000" in text and _NUL.search(text):
        raise ValueError("a string holds U+0000, which PostgreSQL cannot store; leave it out")
    return text


def _distinct(pairs: list[tuple[str, Any]]) -> None:
    names = [name for name, _ in pairs]
    if len(set(names)) != len(names):
        twice = Counter(names).most_common(1)[0][0]
        raise ValueError(f"the key {twice[:100]!r} stands twice in one object; keep one")


# Of two equal keys msgspec keeps the last, others the first: what was approved would depend on the parser.
_DUPLICATES = json.JSONDecoder(object_pairs_hook=_distinct)

_NUL = re.compile(r"(?<!\\)(?:\\\\)*\\u0000")  # the escape, not an escaped backslash before u0000
