"""The Avro contracts in `schemas/`, found in a checkout and in an installed wheel alike."""

import json
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from gate_events.json_text import from_text
from gate_events.topics import TOPICS
from gate_events.writer_schemas import looked_at

JSON_VALUE = "plangate-json-value"
SINGLE_OBJECT = b"\xc3\x01"
_OF_NONE = bytes(8)


@dataclass(frozen=True)
class Contract:
    """A contract as it is written, as fastavro uses it, and its fingerprint."""

    source: dict[str, Any]
    parsed: Any
    fingerprint: bytes

    @property
    def name(self) -> str:
        """The record's name, without its namespace."""
        return str(self.source["name"])


def folder() -> Path:
    """Where the contracts lie: beside the package in a checkout, inside it in a wheel."""
    package = Path(str(files("gate_events")))
    inside = package / "_schemas"
    return inside if inside.is_dir() else package.parent / "schemas"


def file_name(record: type[Any]) -> str:
    """PlanProposed -> plan_proposed.avsc."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", record.__name__).lower() + ".avsc"


def contract_of(record: type[Any]) -> Contract:
    """The contract that a record type is written and read with."""
    return _current()[record]


def first_contract_of(record: type[Any]) -> Contract:
    """The contract that a record type was written with at first: what wrote no note of it used this one."""
    contract = contract_of(record)
    return _first_ones().get(contract.name, contract)


def named_contract(fingerprint_: str | None, record: type[Any]) -> bytes:
    """The fingerprint that a stored row names in hex; None: `record`'s first contract.

    Whoever may write the row chose the text: where it is no fingerprint it is one that no contract has.
    """
    if not fingerprint_:
        return first_contract_of(record).fingerprint
    try:
        named = bytes.fromhex(fingerprint_)
    except ValueError:
        return _OF_NONE
    return named if len(named) == len(_OF_NONE) else _OF_NONE


def known_writer(fingerprint_: bytes) -> Contract | None:
    """The contract, current or older, with this CRC-64-AVRO fingerprint (little-endian)."""
    return _by_fingerprint().get(fingerprint_)


def is_ours(parsed: Any) -> bool:
    """Whether this parsed schema is that of a contract, current or older."""
    return any(parsed is each.parsed for each in _by_fingerprint().values())


def writer_of(source: str) -> Any:
    """A writer's schema as fastavro uses it.

    Where it is a contract of ours whose tool left out the logical types, ours is taken. Raises
    UnsafeSchemaError, and what fastavro raises for what is no Avro schema.
    """
    schema = looked_at(source)
    known = known_writer(_fingerprint(schema))
    if known and _logical_types(schema) <= _logical_types(known.source):
        return known.parsed
    return _parsed(schema)


def older() -> list[Contract]:
    """The earlier versions that readers still take."""
    return [_load(path) for path in sorted(folder().glob("older/*.avsc"))]


def _load(path: Path) -> Contract:
    source = json.loads(path.read_text(encoding="utf-8"))
    return Contract(source, _parsed(source), _fingerprint(source))


def _parsed(source: Any) -> Any:
    parsed = fastavro.parse_schema(source)
    _take_json_as_values(parsed)
    return parsed


def _take_json_as_values(schema: Any) -> None:
    """Have JSON texts, and defaults of such, read as values: here alone, not in all of fastavro."""
    if isinstance(schema, list):
        for branch in schema:
            _take_json_as_values(branch)
    elif isinstance(schema, dict):
        if "default" in schema and _is_json_text(schema["type"]):
            schema["default"] = from_text(schema["default"])
        if _is_json_text(schema):
            schema["logicalType"] = JSON_VALUE
        for key in ("fields", "items", "type"):
            _take_json_as_values(schema.get(key))


def _is_json_text(schema: Any) -> bool:
    return isinstance(schema, dict) and schema.get("logicalType") == "plangate-json"


def _fingerprint(schema: Any) -> bytes:
    rabin = fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO")
    # fastavro spells the number little-endian, as single-object encoding carries it
    return bytes.fromhex(rabin)


def _logical_types(schema: Any) -> set[str]:
    """Every logical type named anywhere in a schema: its fingerprint does not tell them apart."""
    if isinstance(schema, list):
        return set().union(*map(_logical_types, schema))
    if not isinstance(schema, dict):
        return set()
    own = {schema["logicalType"]} if "logicalType" in schema else set()
    return own.union(*map(_logical_types, schema.values()))


@cache
def _current() -> dict[type[Any], Contract]:
    return {topic.record: _load(folder() / file_name(topic.record)) for topic in TOPICS}


@cache
def _first_ones() -> dict[str, Contract]:
    return {contract.name: contract for contract in reversed(older())}


@cache
def _by_fingerprint() -> dict[bytes, Contract]:
    return {contract.fingerprint: contract for contract in [*_current().values(), *older()]}
