"""The kill switch in the store: a row while something is stopped, looked at wherever an effect begins.

A row is never removed. A stop that has ended does not begin again, however late its record comes.
"""

import time
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Row, and_, or_, select, text, update

from gate_events.names import fault_of_name, name_key
from gate_events.records import StopChanged
from gate_events.stops import Stop, began, ended, holding, stop_of
from gate_events.values import Step
from gate_store.bulk import insert_new
from gate_store.dialects import on_postgres
from gate_store.engine.port import StoppedError
from gate_store.plain_text import storable
from gate_store.tables import revisions, stops

_LOOK_S = 0.05
_FIRST, _LAST = datetime(2000, 1, 1, tzinfo=UTC), datetime(9000, 1, 1, tzinfo=UTC)
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


def all_stops(conn: Connection) -> dict[UUID, StopChanged]:
    """What the store has of all stops, also those that ended, as the topic `stops` says it."""
    return {row.stop_id: _changed(row) for row in conn.execute(select(stops))}


def _changed(row: Row[*tuple[Any, ...]]) -> StopChanged:
    stop = Stop(stop_id=row.stop_id, action_type=row.action_type, by=row.by, note=row.note, at=row.at)
    if row.ended_at is None:
        return began(stop)
    return ended(stop, row.ended_by, row.ended_note, row.ended_at)


def take_stop(conn: Connection, heard: StopChanged, now: datetime) -> str | None:
    """Take what was said on the topic; why it does not count, else None.

    A stop counts: what it claims is on the safe side. An end counts of the very stop that it names, by a name
    that is neither an agent's nor a proposer's: those do not decide. What the store has ended stays so.
    """
    stop = _readable(stop_of(heard), now)
    if heard.ended_at is None:
        begin_stop(conn, stop)
        return None
    known = all_stops(conn).get(stop.stop_id)
    if known is not None and known.ended_at is not None:
        return None
    if why := _why_not_ended(conn, heard, known):
        return why
    end_stop(conn, stop, heard.ended_by or "", heard.ended_note, now)
    return None


def _readable(stop: Stop, now: datetime) -> Stop:
    """With a moment that every client can read, in every time zone: else one record would stop them all."""
    return stop if _FIRST <= stop.at < _LAST else msgspec.structs.replace(stop, at=now)


def _why_not_ended(conn: Connection, heard: StopChanged, known: StopChanged | None) -> str | None:
    who = heard.ended_by or ""
    if fault := fault_of_name(who) if who else "is empty":
        return f"ended_by {who!a} {fault}"
    if known is not None and known.action_type != stop_of(heard).action_type:
        return f"stop {heard.stop_id} is of {known.action_type or 'everything'}"
    proposes = or_(revisions.c.proposer == name_key(who), revisions.c.agent == name_key(who))
    if conn.execute(select(revisions.c.plan_id).where(proposes).limit(1)).first():
        return f"{who!a} proposes plans, and so ends no stop by a record; use a login of the store"
    return None


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
