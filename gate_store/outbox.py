"""What must reach Kafka, written in the transaction that made it true. A relay publishes it."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, delete, select

from gate_events.codec import body_of
from gate_events.contracts import contract_of
from gate_events.records import ApprovalRequested, PlanExecuted, PlanProposed, Record
from gate_events.topics import key_of
from gate_events.trace_context import cause_of
from gate_store.bulk import insert_new
from gate_store.dialects import among
from gate_store.tables import outbox

# What resumers publish; the rest is left to gatekeepers. Nothing of it decides: a resumer runs the code of
# graphs, and so has no right to write `decisions` and `verdicts`.
BY_RESUMERS = (PlanProposed, ApprovalRequested, PlanExecuted)


def put(conn: Connection, records: Sequence[Record], now: datetime) -> None:
    """Queue records for Kafka, in this order; one that waits already is not queued again.

    Each keeps the trace of what led to it (`caused_by`). Raises UnencodableError.
    """
    insert_new(conn, outbox, [_row(record, now) for record in records], "event_id")


def take_back(conn: Connection, event_ids: Collection[UUID]) -> set[UUID]:
    """Remove those of these records that wait for Kafka still; which they are."""
    if not event_ids:
        return set()
    these = among(conn, outbox.c.event_id, event_ids)
    waits = set(conn.execute(select(outbox.c.event_id).where(these)).scalars())
    if waits:
        conn.execute(delete(outbox).where(these))
    return waits


def _row(record: Record, now: datetime) -> dict[str, Any]:
    return {
        "event_id": record.event_id,
        "record": type(record).__name__,
        "key": key_of(record).decode(),
        "body": body_of(record),
        "contract": contract_of(type(record)).fingerprint.hex(),
        "created_at": now,
        "traceparent": cause_of(getattr(record, "plan_id", None)),
    }
