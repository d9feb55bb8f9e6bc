"""How a program that knows only the contracts holds a record."""

import json
from datetime import datetime
from typing import Any

import msgspec

JSON_TEXTS = ("arguments", "result", "evidence", "patch")


def as_a_stranger(record: Any) -> Any:
    """A record as plain values: ids as text, times as datetimes, JSON values as JSON text."""
    return _plain(msgspec.to_builtins(record, builtin_types=(datetime,)))


def _plain(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: json.dumps(part) if name in JSON_TEXTS else _plain(part) for name, part in value.items()
        }
    return [_plain(part) for part in value] if isinstance(value, tuple | list) else value


def with_json_as_values(value: Any) -> Any:
    """A stranger's record with its JSON texts parsed."""
    if isinstance(value, dict):
        return {
            name: json.loads(part) if name in JSON_TEXTS else with_json_as_values(part)
            for name, part in value.items()
        }
    return [with_json_as_values(part) for part in value] if isinstance(value, list) else value


def in_the_words_of(value: Any, schema: Any, names: dict[str, Any]) -> Any:
    """A record's plain form with only the fields that `schema` has."""
    if isinstance(schema, str):
        return in_the_words_of(value, names[schema], names) if schema in names else value
    if isinstance(schema, list):
        return value if value is None else in_the_words_of(value, schema[-1], names)
    if schema["type"] in ("record", "enum"):
        names[schema["name"]] = schema
    if schema["type"] == "array":
        return [in_the_words_of(item, schema["items"], names) for item in value]
    if schema["type"] != "record":
        return value
    return {
        field["name"]: in_the_words_of(value[field["name"]], field["type"], names)
        for field in schema["fields"]
    }
