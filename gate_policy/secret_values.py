"""Keeps the values of secret arguments out of words that others write, such as an error's."""

import json
import re
from collections.abc import Iterable, Iterator, Set
from typing import Any

from gate_policy.display import REDACTED

_DISTINCT = 4  # characters; what is shorter stands in other words by chance


def secret_values(value: Any, secret: Set[str], *, is_secret: bool = False) -> Iterator[str]:
    """All that stands in the fields named in `secret`, at any depth, as text."""
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from secret_values(inner, secret, is_secret=is_secret or key in secret)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from secret_values(inner, secret, is_secret=is_secret)
    elif is_secret and value is not None and not isinstance(value, bool) and str(value):
        yield str(value)


def without(text: str, values: Iterable[str]) -> str:
    """The text with these values as •••, quoted ones too; short ones where they stand alone."""
    longest_first = sorted({form for value in values for form in _forms(value)}, key=len, reverse=True)
    if not longest_first:
        return text
    return re.sub("|".join(map(_pattern, longest_first)), REDACTED, text)


def _forms(value: str) -> Iterator[str]:
    """As it is, and as Python and JSON write it between quotes: errors quote what they were given.

    Its lines, too: a traceback of a group sets each one in.
    """
    lines = [line for line in map(str.strip, value.splitlines()) if len(line) >= _DISTINCT]
    for text in (value, *(lines if len(value.splitlines()) > 1 else ())):
        yield text
        for quoted in (repr(text), json.dumps(text), json.dumps(text, ensure_ascii=False)):
            yield quoted[1:-1]


def _pattern(value: str) -> str:
    found = re.escape(value)
    return found if len(value) >= _DISTINCT else rf"(?<!\w){found}(?!\w)"
