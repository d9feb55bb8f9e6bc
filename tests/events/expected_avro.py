"""The Avro contract that a record type asks for, worked out from its Python types alone."""

from typing import Any

import msgspec
from msgspec import inspect as shapes

JSON_TEXT = {"type": "string", "logicalType": "plangate-json"}
UUID_TEXT = {"type": "string", "logicalType": "uuid"}
MOMENT = {"type": "long", "logicalType": "timestamp-micros"}


def expected_contract(record: type[Any]) -> dict[str, Any]:
    """The contract without its doc strings; a named type is written out where it first stands."""
    return {**_avro(shapes.type_info(record), set()), "namespace": "plangate"}


def _avro(shape: shapes.Type, seen: set[str]) -> Any:  # noqa: PLR0911 - one line per kind of type
    match shape:
        case shapes.StructType():
            return _named(
                shape.cls.__name__, seen, lambda: {"type": "record", "fields": _fields(shape, seen)}
            )
        case shapes.EnumType():
            return _named(shape.cls.__name__, seen, lambda: _enum(shape.cls))
        case shapes.UnionType():
            return ["null", *(_avro(t, seen) for t in shape.types if not isinstance(t, shapes.NoneType))]
        case shapes.VarTupleType():
            return {"type": "array", "items": _avro(shape.item_type, seen)}
        case shapes.IntType():
            return "int" if shape.le is not None and shape.le <= 2**31 - 1 else "long"
        case shapes.DictType() | shapes.AnyType():
            return JSON_TEXT
        case shapes.StrType() | shapes.BoolType() | shapes.UUIDType() | shapes.DateTimeType():
            return {"Str": "string", "Bool": "boolean", "UUID": UUID_TEXT, "DateTime": MOMENT}[
                type(shape).__name__.removesuffix("Type")
            ]
    raise AssertionError(f"no contract is known for {shape}")


def _named(name: str, seen: set[str], write_out: Any) -> Any:
    if name in seen:
        return name
    seen.add(name)
    return {"name": name, **write_out()}


def _enum(enum: Any) -> dict[str, Any]:
    """A reader takes a symbol that it does not know for UNKNOWN."""
    assert [member.name for member in enum] == [member.value for member in enum]
    return {"type": "enum", "symbols": [member.value for member in enum], "default": "UNKNOWN"}


def _fields(shape: shapes.StructType, seen: set[str]) -> list[dict[str, Any]]:
    return [_field(field, seen) for field in shape.fields]


def _field(field: shapes.Field, seen: set[str]) -> dict[str, Any]:
    expected = {"name": field.name, "type": _avro(field.type, seen)}
    if field.required:
        return expected
    default = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    plain = msgspec.to_builtins(default)
    as_text = expected["type"] == JSON_TEXT
    return {**expected, "default": msgspec.json.encode(plain).decode() if as_text else _listed(plain)}


def _listed(value: Any) -> Any:
    return list(value) if isinstance(value, tuple) else value
