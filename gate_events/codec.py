"""Records to bytes and back.

Written as Avro: Confluent framing (0x00, schema id, body) or single-object encoding (C3 01, fingerprint,
body). Read: both of these, and plain JSON checked against the same contract.
"""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from io import BytesIO
from typing import Any, TypeVar
from uuid import UUID

import fastavro
import msgspec

from gate_events.contracts import JSON_VALUE, SINGLE_OBJECT, contract_of, is_ours, known_writer
from gate_events.errors import RegistryUnavailableError, UndecodableError, UnencodableError
from gate_events.json_text import from_text, to_text

R = TypeVar("R")

CONFLUENT = b"\x00"
SchemaOfId = Callable[[int], Any]

# `arguments` and `result` are any JSON: text in Avro, values in Python.
fastavro.write.LOGICAL_WRITERS[f"string-{JSON_VALUE}"] = lambda data, *_: to_text(data)
fastavro.read.LOGICAL_READERS[f"string-{JSON_VALUE}"] = lambda data, *_: from_text(data)


def body_of(record: Any) -> bytes:
    """The Avro body of a record, without any framing. Raises UnencodableError."""
    out = BytesIO()
    parsed = contract_of(type(record)).parsed
    try:
        plain = msgspec.to_builtins(record, builtin_types=(UUID, datetime))
        # without tuple notation: fastavro would take a tuple of two steps for a type's name and its value
        fastavro.schemaless_writer(out, parsed, plain, disable_tuple_notation=True)
    except Exception as error:  # fastavro raises whatever the first unfit field provokes
        raise UnencodableError(type(record).__name__, str(error)) from error
    return out.getvalue()


def framed(body: bytes, record: type[Any], schema_id: int | None) -> bytes:
    """A body with its framing: Confluent's where a registry gave `schema_id`, else single-object."""
    if schema_id is None:
        return SINGLE_OBJECT + contract_of(record).fingerprint + body
    return CONFLUENT + schema_id.to_bytes(4, "big") + body


def encode(record: Any, schema_id: int | None = None) -> bytes:
    """A record as Avro bytes. Raises UnencodableError."""
    return framed(body_of(record), type(record), schema_id)


def to_json(record: Any) -> bytes:
    """A record as plain JSON, the form that readers take beside Avro. Raises UnencodableError."""
    try:
        return to_text(msgspec.to_builtins(record)).encode()
    except Exception as error:  # any value may stand in arguments, and each fails in its own way
        raise UnencodableError(type(record).__name__, str(error)) from error


def decode(data: bytes | None, record: type[R], schema_of_id: SchemaOfId | None = None) -> R:
    """Bytes to a checked record.

    Raises UndecodableError naming the field, its fault and the mend; RegistryUnavailableError (from
    `schema_of_id`) says nothing about the bytes: try again.
    """
    name = record.__name__
    if not data:
        raise UndecodableError(name, "the record is empty; send Avro or a JSON object")
    try:
        converted = msgspec.convert(_plain(data, record, schema_of_id), record)
        for field, moment in _moments(converted) if data.lstrip()[:1] == b"{" else ():  # Avro's are UTC
            _hold_to_utc(name, field, moment)
        return converted
    except (UndecodableError, RegistryUnavailableError):
        raise
    except msgspec.ValidationError as error:
        raise UndecodableError(name, str(error)) from error
    except Exception as error:  # malformed bytes make a decoder raise almost anything
        raise UndecodableError(name, f"malformed bytes: {type(error).__name__}: {error}") from error


def _moments(value: Any, path: str = "$") -> Iterator[tuple[str, datetime]]:
    if isinstance(value, datetime):
        yield path, value
    elif isinstance(value, msgspec.Struct):
        for field in value.__struct_fields__:
            yield from _moments(getattr(value, field), f"{path}.{field}")
    elif isinstance(value, tuple):
        for place, each in enumerate(value):
            yield from _moments(each, f"{path}[{place}]")


def _hold_to_utc(name: str, field: str, moment: datetime) -> None:
    """No reader takes Avro's moments outside of the calendar."""
    try:
        moment.astimezone(UTC)
    except OverflowError as error:
        problem = f"{moment.isoformat()} is outside of the years 1 to 9999 of UTC; send a moment within them"
        raise UndecodableError(name, f"{problem} - at `{field}`") from error


def _plain(data: bytes, record: type[Any], schema_of_id: SchemaOfId | None) -> Any:
    if data[:2] == SINGLE_OBJECT:
        return _avro(data[10:], _known_writer(data[2:10], record), record)
    if data[:1] == CONFLUENT:
        return _avro(data[5:], _registered_writer(data[1:5], record, schema_of_id), record)
    if data.lstrip()[:1] == b"{":
        return from_text(data)
    raise UndecodableError(
        record.__name__, f"unknown framing {data[:2].hex()}; send Avro (c301 or 00) or a JSON object"
    )


class _Whole(BytesIO):
    """Bytes that end where they end: fastavro takes floats and booleans behind their end for read."""

    def read(self, size: int | None = -1, /) -> bytes:
        """So many bytes. Raises EOFError where there are fewer."""
        found = super().read(size)
        if size is not None and len(found) < size:
            raise EOFError("the bytes end inside a value")
        return found


def _avro(body: bytes, writer: Any, record: type[Any]) -> Any:
    reader = contract_of(record).parsed
    source = BytesIO(body) if writer is reader or is_ours(writer) else _Whole(body)
    plain = fastavro.schemaless_reader(source, writer, None if writer is reader else reader)
    if source.tell() < len(body):
        raise UndecodableError(record.__name__, "bytes are left over after the record")
    return plain


def _known_writer(fingerprint: bytes, record: type[Any]) -> Any:
    writer = known_writer(fingerprint)
    if writer is None or writer.name != record.__name__:
        found = writer.name if writer else "no contract"
        raise UndecodableError(record.__name__, f"fingerprint {fingerprint.hex()} is of {found}")
    return writer.parsed


def _registered_writer(schema_id: bytes, record: type[Any], schema_of_id: SchemaOfId | None) -> Any:
    name = record.__name__
    if schema_of_id is None:
        raise UndecodableError(
            name, "written with a schema registry; set PLANGATE_SCHEMA_REGISTRY_URL to read it"
        )
    if len(schema_id) < 4:
        raise UndecodableError(name, "the bytes end inside the schema id")
    number = int.from_bytes(schema_id, "big", signed=True)
    try:
        writer = schema_of_id(number)
    except UndecodableError as error:
        raise UndecodableError(name, f"{error.contract}: {error.problem}") from error
    found = writer.get("name", "?") if isinstance(writer, dict) else "no record"
    if found.rpartition(".")[2] != name:
        raise UndecodableError(name, f"schema id {number} is of {found}")
    return writer
