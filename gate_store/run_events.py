"""What the nodes of runs say while they work, for whoever follows a run. It proves nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, delete, insert, select

from gate_events.ids import derived
from gate_store.dialects import lock_names, store_moment
from gate_store.tables import run_events

_TURN = derived("turn", "forget_events")


@dataclass(frozen=True, slots=True)
class RunEvent:
    """One event. `number` grows, with gaps; `event` is what the node gave, as JSON."""

    number: int
    at: datetime
    plan_id: UUID
    event: Any


def note_events(
    conn: Connection, thread_id: str, plan_id: UUID, events: Sequence[str], now: datetime
) -> None:
    """Append events, JSON texts, of a run."""
    at = store_moment(conn, now)
    rows = [{"thread_id": thread_id, "plan_id": plan_id, "at": at, "event": event} for event in events]
    if rows:
        conn.execute(insert(run_events), rows)


def events_behind(conn: Connection, thread_id: str, number: int, limit: int) -> list[RunEvent]:
    """The next events of this run behind that number, at most so many."""
    columns = (run_events.c.id, run_events.c.at, run_events.c.plan_id, run_events.c.event)
    of_run = (run_events.c.thread_id == thread_id, run_events.c.id > number)
    found = conn.execute(select(*columns).where(*of_run).order_by(run_events.c.id).limit(limit))
    return [RunEvent(row.id, row.at, row.plan_id, msgspec.json.decode(row.event)) for row in found]


def forget_events(conn: Connection, now: datetime, kept: timedelta, limit: int) -> int:
    """Delete the oldest events of those said longer than `kept` before `now`, at most so many; how many."""
    lock_names(conn, [_TURN])  # two that delete the same rows in two orders would wait for each other
    old = select(run_events.c.id).where(run_events.c.at < now - kept).order_by(run_events.c.at).limit(limit)
    return conn.execute(delete(run_events).where(run_events.c.id.in_(old))).rowcount
