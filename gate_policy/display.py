"""What of a plan's arguments a reviewer sees: secrets redacted, nothing that fakes the view."""

from collections.abc import Mapping, Set
from typing import Any

import msgspec

REDACTED = "•••"


def redacted(value: Any, secret: Set[str]) -> Any:
    """`value` with every field named in `secret`, at any depth, shown as •••."""
    if isinstance(value, dict):
        return {key: REDACTED if key in secret else redacted(inner, secret) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner, secret) for inner in value]
    return value


def shown(text: str) -> str:
    """`text` on one line: control, bidirectional and invisible characters are spelled out."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else _spelled(char) for char in text)


def _spelled(char: str) -> str:
    return char.encode("unicode_escape").decode("ascii")


def plain(value: Any) -> str:
    """A value inside a sentence: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def listing(action_type: str, arguments: Mapping[str, Any]) -> str:
    """send_email(to="ana@example.com", count=2): the view of an action without a template."""
    parts = (f"{name}={msgspec.json.encode(value).decode()}" for name, value in arguments.items())
    return shown(f"{action_type}({', '.join(parts)})")
