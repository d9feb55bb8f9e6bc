"""Looks at a writer's schema before it is used: whoever may register one chose every byte of it.

The decoder follows it with the process's own stack and time, so nothing in it may cost more than the bytes
that it reads.
"""

import json
from collections.abc import Mapping
from typing import Any, NamedTuple

LARGEST = 262_144  # characters
DEEPEST = 32
_MOST_PARTS = 10_000
_MOST_EMPTY = 100  # in an item of one byte: each is read as often as there are items
_BYTES = {"null": 0, "boolean": 1, "int": 1, "long": 1, "float": 4, "double": 8, "bytes": 1, "string": 1}
_MEANT = {"uuid", "timestamp-millis", "timestamp-micros", "plangate-json"}  # logical types of our contracts
_KEPT = {"type", "name", "namespace", "aliases", "default", "fields", "items", "values", "symbols", "size"}


class UnsafeSchemaError(ValueError):
    """{problem}."""


class _Size(NamedTuple):
    """A type written out: the fewest bytes of a value, how many parts it has, how deep they stand.

    `empty` parts are those of no bytes.
    """

    least: int
    parts: int = 1
    height: int = 1
    empty: int = 0


_Named = dict[str, _Size | None]  # None while its own parts are looked at


def looked_at(text: str) -> Any:
    """The schema that `text` is, without what a reader need not know.

    Raises UnsafeSchemaError: it is no JSON, too large or too deep, names a type that it does not hold, is
    recursive, or has items of no bytes, of which a few bytes announce any number.
    """
    if len(text) > LARGEST:
        raise UnsafeSchemaError(f"it has {len(text)} characters, and {LARGEST} is the most")
    try:
        schema = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UnsafeSchemaError(f"it is no JSON ({type(error).__name__})") from error
    _size(schema, "", {}, DEEPEST)
    return _plain(schema)


def _size(schema: Any, space: str, named: _Named, deeper: int) -> _Size:
    if deeper == 0:
        raise UnsafeSchemaError(f"it is more than {DEEPEST} deep")
    if isinstance(schema, str):
        return _of_name(schema, space, named)
    if isinstance(schema, list):
        branches = [_size(each, space, named, deeper - 1) for each in schema]
        empty = max((each.empty for each in branches), default=0)
        return _together(1, branches)._replace(empty=max(empty - 1, 0))  # its own byte stands for one
    if not isinstance(schema, Mapping):
        raise UnsafeSchemaError("a type is no name, no list and no object")
    match schema.get("type"):
        case "array":
            items = _size(schema.get("items"), space, named, deeper - 1)
            if items.least == 0:
                raise UnsafeSchemaError("an array has items of no bytes")
            return _many(items)
        case "map":
            return _many(_size(schema.get("values"), space, named, deeper - 1))
        case "record" | "error" | "enum" | "fixed":
            return _of_definition(schema, space, named, deeper)
        case other:
            return _size(other, space, named, deeper - 1)


def _of_name(name: str, space: str, named: _Named) -> _Size:
    if name in _BYTES:
        return _Size(_BYTES[name], empty=_BYTES[name] == 0)
    full = _full(name, space)
    if full not in named:
        raise UnsafeSchemaError("it uses a type that it does not hold")
    found = named[full]
    if found is None:
        raise UnsafeSchemaError("it is recursive")
    return found


def _of_definition(schema: Mapping[str, Any], space: str, named: _Named, deeper: int) -> _Size:
    name, own = schema.get("name"), schema.get("namespace", space)
    if not (isinstance(name, str) and isinstance(own, str)):
        raise UnsafeSchemaError("a type's name is no text")
    full = _full(name, own)
    if full in named or name in _BYTES:
        raise UnsafeSchemaError("a type's name is taken")
    named[full] = None
    if schema["type"] == "enum":
        size = _Size(1)
    elif schema["type"] == "fixed":
        size = _Size(0, empty=1)  # fastavro takes what is missing at the end for read
    else:
        inner = full.rpartition(".")[0]
        types = [field.get("type") for field in _fields(schema)]
        sizes = [_size(each, inner, named, deeper - 1) for each in types]
        size = _together(sum(each.least for each in sizes), sizes)
    named[full] = size
    return size


def _fields(schema: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    fields = schema.get("fields")
    if not isinstance(fields, list) or not all(isinstance(each, Mapping) for each in fields):
        raise UnsafeSchemaError("a record's fields are no list of objects")
    return fields


def _many(each: _Size) -> _Size:
    if each.empty > _MOST_EMPTY:
        raise UnsafeSchemaError(f"items or values have more than {_MOST_EMPTY} parts of no bytes")
    return _together(1, [each])._replace(empty=0)


def _together(least: int, parts: list[_Size]) -> _Size:
    whole = _Size(
        least,
        1 + sum(each.parts for each in parts),
        1 + max((each.height for each in parts), default=0),
        sum(each.empty for each in parts) + (least == 0),
    )
    if whole.parts > _MOST_PARTS:
        raise UnsafeSchemaError(f"written out it has more than {_MOST_PARTS} parts")
    if whole.height > DEEPEST:
        raise UnsafeSchemaError(f"written out it is more than {DEEPEST} deep")
    return whole


def _full(name: str, space: str) -> str:
    return name if "." in name or not space else f"{space}.{name}"


def _plain(schema: Any) -> Any:
    """Without foreign logical types (a large decimal takes minutes) and the marks of a parsed schema."""
    if isinstance(schema, list):
        return [_plain(each) for each in schema]
    if not isinstance(schema, Mapping):
        return schema
    plain = {key: value for key, value in schema.items() if key in _KEPT}
    plain |= {key: _plain(plain[key]) for key in ("type", "fields", "items", "values") if key in plain}
    meant = schema.get("logicalType")
    if isinstance(meant, str) and meant in _MEANT:
        plain["logicalType"] = meant
    return plain
