"""Dead letters: what was refused aloud."""

from dataclasses import dataclass
from typing import Any, cast
from uuid import UUID

from confluent_kafka import Message

from gate_events.codec import decode
from gate_events.digest import plan_digest
from gate_events.errors import UndecodableError, UnencodableError
from gate_events.records import PlanProposed
from gate_events.topics import TOPICS

RECORDS = {topic.name: topic.record for topic in TOPICS}


@dataclass(frozen=True)
class Buried:
    """A dead letter: its bytes, the plan and content that it spoke of, and why it was refused.

    `at` is when it was written, in seconds since 1970, `place` where the record stood.
    """

    value: bytes
    error: str = ""
    plan_id: UUID | None = None
    digest: str = ""
    record: Any = None
    at: float = 0.0
    place: tuple[str, str, str] | None = None


def buried(message: Message) -> Buried:
    """What a dead letter holds."""
    own = cast("list[tuple[str, bytes | None]]", message.headers() or [])  # typed loosely there
    headers = {name: (value or b"").decode("utf-8", "replace") for name, value in own}
    value, topic = message.value() or b"", headers.get("plangate_topic", "")
    record = _record(value, topic)
    return Buried(
        value,
        headers.get("plangate_error", ""),
        getattr(record, "plan_id", None),
        digest_of(record),
        record,
        message.timestamp()[1] / 1000,
        (topic, headers.get("plangate_partition", ""), headers.get("plangate_offset", "")),
    )


def digest_of(record: Any) -> str:
    """The digest that a record names, or that its plan has."""
    if not isinstance(record, PlanProposed):
        return str(getattr(record, "digest", ""))
    try:
        return plan_digest(record.plan_id, record.revision, record.steps, record.run)
    except UnencodableError:
        return ""


def _record(value: bytes, topic: str) -> Any:
    kind = next((record for name, record in RECORDS.items() if topic.endswith(name)), None)
    try:
        return decode(value, kind) if kind else None
    except UndecodableError:
        return None
