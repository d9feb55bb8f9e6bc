"""What of a plan's arguments a reviewer sees: secrets redacted, nothing that fakes the view."""

import re
from collections.abc import Mapping, Set
from typing import Any

import msgspec

from gate_events.shown import shown

REDACTED = "•••"
_WORD = re.compile(r"[\w.-]+")


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


def argument_name(name: str) -> str:
    """A name as it is where it is a word, else as JSON: a plan chooses it, and it may look like a value."""
    return name if _WORD.fullmatch(name) else msgspec.json.encode(name).decode()


def listing(action_type: str, arguments: Mapping[str, Any]) -> str:
    """send_email(to="ana@example.com", count=2): the view of an action without a template."""
    return shown(f"{action_type}({named(arguments)})")


def named(arguments: Mapping[str, Any]) -> str:
    """to="ana@example.com", count=2: arguments as JSON, on one line."""
    parts = (
        f"{argument_name(name)}={msgspec.json.encode(value).decode()}" for name, value in arguments.items()
    )
    return shown(", ".join(parts))
