"""Bytes that cost whoever reads them more than they are worth: bombs, schemas without an end, deep JSON."""

import json
from collections.abc import Mapping
from typing import Any

from confluent_kafka.schema_registry import Schema, SchemaRegistryClient

from gate_events.codec import CONFLUENT, to_json

CODECS = ("gzip", "snappy", "lz4", "zstd")
BOMB = 40_000_000  # bytes of nothing: more than eight of the largest records that workers read
UNKNOWN = 1_000_000  # a registry's ids from here on are nobody's


def unsafe_schemas(record: str) -> dict[str, tuple[Any, bytes]]:
    """Writer's schemas of a record type's name, each with a body that makes its reader go on for ever."""
    endless = ["null", record]
    empty = {"type": "record", "name": "Nothing", "fields": []}
    many_nulls = _holding("Nulls", "int", *["null"] * 5_000)
    doubling: list[Any] = [{**empty, "name": "R0"}]
    doubling += [_holding(f"R{n}", f"R{n - 1}", f"R{n - 1}") for n in range(1, 25)]
    return {
        "recursive_schema": (_holding(record, endless), b"\x02" * 200_000),
        "mutually_recursive_schema": (
            _holding(record, _holding("A", _holding("B", ["null", "A"]))),
            b"\x02" * 200_000,
        ),
        "items_of_no_bytes": (_holding(record, _array("null")), _many(2**40)),
        "items_that_do_not_come": (_holding(record, _array("double")), _many(2**40)),
        "items_of_many_nulls": (_holding(record, _array(many_nulls)), _many(200_000) + bytes(200_000)),
        "empty_records": (_holding(record, _array(empty)), _many(2**40)),
        "doubling_records": (_holding(record, *doubling), b""),
        "deep_schema": (_holding(record, _nested(60)), b"\x02" * 60),
    }


def register(registry: Mapping[str, str], record: str) -> dict[str, bytes]:
    """A framed value of each unsafe schema that the registry takes, by its name."""
    client = SchemaRegistryClient({**registry})
    return {
        name: CONFLUENT
        + client.register_schema(f"{record}-{name}", Schema(json.dumps(schema), "AVRO")).to_bytes(4, "big")
        + body
        for name, (schema, body) in unsafe_schemas(record).items()
    }


def of_unknown_schema(number: int) -> bytes:
    """A value under an id that no registry gave."""
    return CONFLUENT + (UNKNOWN + number).to_bytes(4, "big") + b"\x02"


def deep(good: Any, depth: int) -> bytes:
    """A proposal whose first argument is so many lists in each other."""
    steps = json.loads(to_json(good))["steps"]
    steps[0]["arguments"] = {**steps[0]["arguments"], "deep": "DEEP"}
    whole = json.dumps({**json.loads(to_json(good)), "steps": steps})
    return whole.replace('"DEEP"', "[" * depth + "]" * depth).encode()


def _holding(name: str, *types: Any) -> dict[str, Any]:
    fields = [{"name": f"f{number}", "type": each} for number, each in enumerate(types)]
    return {"type": "record", "name": name, "fields": fields}


def _array(items: Any) -> dict[str, Any]:
    return {"type": "array", "items": items}


def _nested(depth: int) -> Any:
    inside: Any = "int"
    for _ in range(depth):
        inside = _array(inside)
    return inside


def _many(count: int) -> bytes:
    """Avro's count of one block, and the end of the array."""
    zigzag, found = count << 1, bytearray()
    while zigzag > 0x7F:
        found.append(zigzag & 0x7F | 0x80)
        zigzag >>= 7
    return bytes([*found, zigzag, 0])
