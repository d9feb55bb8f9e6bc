"""Canonical JSON (RFC 8785): a fast path for plain values, proven equal; the library for all others."""

from typing import Any

import msgspec
import rfc8785

DEEPEST = 128
_LARGEST = 2**53 - 1


def canonical(value: Any) -> bytes:
    """RFC 8785 bytes. Raises rfc8785.CanonicalizationError or UnicodeError where a value has none.

    Nesting beyond 128 levels counts as none: readers recurse, and the deepest must not be the first to fail.
    """
    return msgspec.json.encode(value, order="sorted") if _plain(value, 1) else rfc8785.dumps(value)


def _plain(value: Any, depth: int) -> bool:
    """Whether msgspec writes `value` exactly as RFC 8785 does."""
    kind = type(value)
    if kind is dict:
        return _plain_dict(value, depth)
    if kind is list or kind is tuple:
        _refuse_depth(depth)
        return all([_plain(item, depth + 1) for item in value])  # noqa: C419 - every item's depth is checked
    return _plain_scalar(kind, value)


def _plain_dict(value: dict[Any, Any], depth: int) -> bool:
    _refuse_depth(depth)
    plain = True
    for key, inner in value.items():
        # UTF-16 and code point order, which the two sort by, agree on ASCII
        if type(key) is not str or not key.isascii():
            plain = False
        if type(inner) is not str and not _plain(inner, depth + 1):
            plain = False
    return plain


def _plain_scalar(kind: type, value: float | None) -> bool:
    if value is None or kind is str or kind is bool:
        return True
    if kind is int:
        return -_LARGEST <= value <= _LARGEST
    # within this range both write the shortest decimal without an exponent; whole floats differ ("1.0", "1")
    return kind is float and 1e-4 <= abs(value) < 1e15 and value % 1 != 0


def _refuse_depth(depth: int) -> None:
    if depth > DEEPEST:
        raise rfc8785.CanonicalizationError(f"nested more than {DEEPEST} deep")
