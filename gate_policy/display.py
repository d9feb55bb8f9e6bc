"""What of a plan's arguments a reviewer sees: secrets redacted, nothing that fakes the view."""

from collections.abc import Mapping, Set
from typing import Any

import msgspec

from gate_events.shown import shown

REDACTED = "•••"


def redacted(value: Any, secret: Set[str]) -> Any:
    """`value` with every field named in `secret`, at any depth, shown as •••."""
    if isinstance(value, dict):
        return {key: REDACTED if key in secret else redacted(inner, secret) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [redacted(inner, secret) for inner in value]
    return value


def plain(value: Any) -> str:
    """A value inside a sentence: text as it is, everything else as JSON."""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def listing(action_type: str, arguments: Mapping[str, Any]) -> str:
    """send_email(to="ana@example.com", count=2): the view of an action without a template."""
    return shown(f"{action_type}({named(arguments)})")


def named(arguments: Mapping[str, Any]) -> str:
    """to="ana@example.com", count=2: arguments as JSON, on one line."""
    parts = (f"{name}={msgspec.json.encode(value).decode()}" for name, value in arguments.items())
    return shown(", ".join(parts))
