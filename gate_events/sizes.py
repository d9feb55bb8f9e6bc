"""How large a record is, and what is shown of one that is too large to be kept whole."""

from collections.abc import Sequence
from hashlib import sha256
from typing import NamedTuple

Headers = Sequence[tuple[str, bytes | None]]

_VALUE, _KEY, _HEADERS = 65_536, 1_024, 16_384  # bytes that are kept: any broker takes these


class Cut(NamedTuple):
    """The beginning of a record, and of what."""

    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]
    length: int  # of the whole value
    digest: str  # its SHA-256


def size_of(key: bytes | None, value: bytes | None, headers: Headers | None) -> int:
    """Bytes of a record's key, value and headers."""
    size = len(key or b"") + len(value or b"")
    for name, content in headers or ():
        size += len(name) + len(content or b"")
    return size


def cut(key: bytes | None, value: bytes | None, headers: Headers) -> Cut:
    """What is left of a record that must fit everywhere."""
    whole = value or b""
    left, kept = _HEADERS, []
    for name, content in headers:
        left -= len(name.encode()) + len(content or b"")
        if left >= 0:
            kept.append((name, content))
    return Cut(
        None if key is None else key[:_KEY],
        None if value is None else bytes(whole[:_VALUE]),
        kept,
        len(whole),
        sha256(whole).hexdigest(),
    )
