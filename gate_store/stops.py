"""The kill switch in the store: a row while something is stopped, looked at wherever an effect begins.

A row is never removed. A stop that has ended does not begin again, however late its record comes.
"""

import time
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Engine, and_, or_, select, text, update

from gate_events.stops import Stop, holding
from gate_events.values import Step
from gate_store.bulk import insert_new
from gate_store.dialects import on_postgres
from gate_store.engine.port import StoppedError
from gate_store.plain_text import storable
from gate_store.tables import stops

_LOOK_S = 0.05
_AT_IT = text(
    "SELECT virtualtransaction FROM pg_locks WHERE locktype = 'relation' AND relation = 'effects'::regclass"
    " AND mode = 'RowExclusiveLock' AND granted"
)


def in_force(conn: Connection) -> list[Stop]:
    """The stops that nobody has ended, the oldest first."""
    columns = (stops.c.stop_id, stops.c.action_type, stops.c.by, stops.c.note, stops.c.at)
    found = conn.execute(select(*columns).where(stops.c.ended_at.is_(None)).order_by(stops.c.at))
    return [Stop(**row) for row in found.mappings()]


def is_stopped(action_type: str) -> ColumnElement[bool]:
    """Whether nothing of this action type may begin."""
    of_it = or_(stops.c.action_type.is_(None), stops.c.action_type == action_type)
    return select(stops.c.stop_id).where(stops.c.ended_at.is_(None), of_it).exists()


def refuse_stopped(stops_: Iterable[Stop], *steps: Step) -> None:
    """Raises StoppedError for the first of these steps of which one of these stops lets nothing begin."""
    held = list(stops_)
    for step in steps:
        if stop := holding(held, step.action_type):
            raise StoppedError(step.step_id, str(stop), everything=stop.action_type is None)


def begin_stop(conn: Connection, stop: Stop) -> None:
    """Note a stop; one that is noted already stays as it is."""
    row: dict[str, Any] = {
        "stop_id": stop.stop_id,
        "action_type": None if stop.action_type is None else storable(stop.action_type),
        "by": storable(stop.by),
        "note": storable(stop.note),
        "at": stop.at,
    }
    insert_new(conn, stops, [row], "stop_id")


def end_stop(conn: Connection, stop: Stop, by: str, note: str, now: datetime) -> None:
    """End this stop; one that has ended stays as it is. It may come before the stop itself does."""
    begin_stop(conn, stop)
    ended = {"ended_by": storable(by), "ended_note": storable(note), "ended_at": now}
    of_it = and_(stops.c.stop_id == stop.stop_id, stops.c.ended_at.is_(None))
    conn.execute(update(stops).where(of_it).values(**ended))


def wait_for_intents(store: Engine, within_s: float) -> bool:
    """Wait until every intent that saw nothing of a committed stop is durable or gone; False: not `within_s`.

    A statement takes its lock on `effects` before it looks at what is committed. So whoever holds none when
    this first looks will see the stop.
    """
    until = time.monotonic() + within_s
    with store.connect() as conn:
        if not on_postgres(conn):
            return True  # one writer at a time
        waiting = set(conn.execute(_AT_IT).scalars())
        while waiting:
            if time.monotonic() >= until:
                return False
            time.sleep(_LOOK_S)
            waiting &= set(conn.execute(_AT_IT).scalars())
    return True
