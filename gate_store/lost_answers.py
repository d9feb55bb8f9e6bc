"""Doubts that were answered after the backup of a restored store: what followed from that, nobody knows.

An answer is on the log still, and would be heard once more: a RETRY, though the step was done by it.
"""

from collections.abc import Collection
from datetime import datetime
from itertools import groupby
from operator import attrgetter
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from gate_events.records import ApprovalRequested
from gate_store import outbox
from gate_store.claims import BEFORE_RESTORE
from gate_store.dialects import among, read, whole
from gate_store.doubts import Doubt, doubts_about, end_doubts, steps_cleared
from gate_store.in_doubt import DoubtAbout
from gate_store.lost_claims import run_goes_on
from gate_store.plain_text import storable
from gate_store.restores import Restore
from gate_store.tables import EFFECTS_BUT_RESULTS, effects, gates


def doubt_what_was_let_again(conn: Connection, restore: Restore, now: datetime) -> int:
    """Steps that a human let be tried again before the backup; how many. It may have been done since."""
    retried = effects.c.state == "RETRY"
    known = {"detail": storable(restore.known), "doubt_id": None}
    of_runs = {**known, "state": "CLAIMED", "executor": BEFORE_RESTORE, "claimed_at": now}
    of_run = (effects.c.thread_id.is_not(None), run_goes_on())
    doubted = conn.execute(update(effects).where(retried, *of_run).values(**of_runs)).rowcount
    of_service = effects.c.thread_id.is_(None)
    asked_about = update(effects).where(retried, of_service).values(**known, state="IN_DOUBT")
    return doubted + conn.execute(asked_about).rowcount


def ask_what_was_answered(
    conn: Connection, answered: Collection[UUID], restore: Restore, now: datetime
) -> int:
    """Ask anew about doubts whose questions, by gate, were answered after the backup; how many steps."""
    if not answered:
        return 0
    found = conn.execute(
        select(*EFFECTS_BUT_RESULTS, run_goes_on().label("goes_on"))
        .where(among(conn, effects.c.doubt_id, answered), effects.c.state == "IN_DOUBT")
        .order_by(effects.c.doubt_id, effects.c.step_id)
    ).all()
    open_still = [row for row in found if row.thread_id is None or row.goes_on]
    _end_questions(conn, {row.doubt_id for row in open_still}, now)
    for doubt_id, rows in groupby(open_still, attrgetter("doubt_id")):
        _ask_anew(conn, doubt_id, list(rows), restore, now)
    return len(open_still)


def _end_questions(conn: Connection, gate_ids: Collection[UUID], now: datetime) -> None:
    if not gate_ids:
        return
    stored = conn.execute(
        select(whole(gates.c.request))
        .where(among(conn, gates.c.gate_id, gate_ids), gates.c.state == "PENDING")
        .order_by(gates.c.gate_id)
    ).scalars()
    outbox.put(conn, end_doubts(conn, [read(each, ApprovalRequested) for each in stored], now), now)


def _ask_anew(
    conn: Connection, doubt_id: UUID, rows: list[Row[*tuple[Any, ...]]], restore: Restore, now: datetime
) -> None:
    first = rows[0]
    of_it = (effects.c.doubt_id == doubt_id, effects.c.state == "IN_DOUBT")
    values: dict[str, Any] = {"detail": storable(restore.known), "doubt_id": None}
    if first.thread_id is not None:  # of services the clock asks
        step = steps_cleared(conn, {(first.digest, first.step_id)})[first.digest, first.step_id]
        about = DoubtAbout.STEP if first.attempts else DoubtAbout.UNGUARDED_PLAN
        [request] = doubts_about(conn, [Doubt(first.digest, step, restore.known, about)], now)
        outbox.put(conn, [request], now)
        values["doubt_id"] = request.request_id
    conn.execute(update(effects).where(*of_it).values(**values))
