"""How a program that knows only the contracts holds a record."""

import json
from datetime import datetime
from typing import Any

import msgspec


def as_a_stranger(record: Any) -> Any:
    """A record as plain values: ids as text, times as datetimes, `arguments` and `result` as JSON text."""
    return _plain(msgspec.to_builtins(record, builtin_types=(datetime,)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: json.dumps(part) if name in ("arguments", "result") else _plain(part)
            for name, part in value.items()
        }
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value


def with_json_as_values(value: Any) -> Any:
    """A stranger's record with the JSON of `arguments` and `result` parsed."""
    if isinstance(value, dict):
        return {
            name: json.loads(part) if name in ("arguments", "result") else with_json_as_values(part)
            for name, part in value.items()
        }
    return [with_json_as_values(part) for part in value] if isinstance(value, list) else value
