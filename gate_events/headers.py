"""CloudEvents 1.0 headers (Kafka binding, binary mode) and W3C trace context."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from gate_events.records import DeadLetter
from gate_events.sizes import Cut
from gate_events.topics import key_of

Headers = list[tuple[str, bytes]]


def new_traceparent() -> str:
    """A new W3C trace: version 00, random trace and span, sampled."""
    # Ids, no secrets. Asking the system for them would give the interpreter away, twice for each record.
    trace, span = random.getrandbits(128), random.getrandbits(64)
    return f"00-{trace:032x}-{span:016x}-01"


def cloud_event(record: Any, source: str, *, traceparent: str | None = None, json: bool = False) -> Headers:
    """The headers of a record sent by `source`; a given `traceparent` is carried on."""
    name = type(record).__name__
    subject = key_of(record).decode().replace("\x1f", "/")  # CloudEvents allow no control characters
    return cloud_event_of(name, str(record.event_id), subject, source, traceparent, json)


def cloud_event_of(
    name: str, event_id: str, subject: str, source: str, traceparent: str | None = None, json: bool = False
) -> Headers:
    """The same from a record's parts, for relays that hold only bytes."""
    fields = {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": source,
        "ce_type": f"plangate.{name}",
        "ce_time": datetime.now(UTC).isoformat(),
        "ce_subject": subject,
        "ce_dataschema": f"urn:plangate:schema:{name}",
        "content-type": "application/json" if json else "application/avro",
        "traceparent": traceparent or new_traceparent(),
    }
    return [(key, value.encode()) for key, value in fields.items()]


DEAD_LETTER = "plangate_"
_LONGEST_ERROR = 2_000  # characters: headers count towards a record's size


def dead_letter(letter: DeadLetter, headers: Sequence[tuple[str, Any]]) -> list[tuple[str, bytes | None]]:
    """A record's own headers, those of an earlier death left out, and what killed it now."""
    fields = {**msgspec.structs.asdict(letter), "error": letter.error[:_LONGEST_ERROR]}
    fields["failed_at"] = letter.failed_at.isoformat()
    own = [pair for pair in headers if not pair[0].startswith(DEAD_LETTER)]
    return own + [(DEAD_LETTER + name, str(text).encode("utf-8", "replace")) for name, text in fields.items()]


def cut_letter(letter: DeadLetter, kept: Cut, place: str = "") -> list[tuple[str, bytes | None]]:
    """The headers of a letter that holds only the beginning of its record.

    `place` says in words where the whole is; none: where it was read.
    """
    where = f"the whole is {place or f'on {letter.topic}-{letter.partition} at {letter.offset}'}"
    words = f"cut: its value has {kept.length} bytes, SHA-256 {kept.digest}; {where}; {letter.error}"
    return [
        *dead_letter(msgspec.structs.replace(letter, error=words), kept.headers),
        (f"{DEAD_LETTER}length", str(kept.length).encode()),
        (f"{DEAD_LETTER}sha256", kept.digest.encode()),
    ]
