"""JSON as text, read so that two parsers cannot understand it differently."""

import json
import re
from collections import Counter
from typing import Any

import msgspec


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
