"""The answer that makes a paused run READY: the gatekeeper's part of `runs`.

What a run is paused at, its own pause wrote: no record makes a run or binds one to a plan.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, select

from gate_events.pause import GateAnswer
from gate_events.trace_context import cause_of
from gate_events.values import RunIdentity
from gate_store.bulk import update_rows
from gate_store.dialects import among, database_now, read, whole
from gate_store.tables import runs


@dataclass(frozen=True, slots=True)
class Answered:
    """The word on the plan of a paused run; `may_run`: its digest may be executed."""

    run: RunIdentity
    answer: GateAnswer
    may_run: bool


def make_ready(conn: Connection, answered: Sequence[Answered], now: datetime) -> None:
    """Hand paused runs their answers: PAUSED -> READY, where plan and pause are those that were asked."""
    known = _locked(conn, {each.run.thread_id for each in answered})
    ready: dict[str, dict[str, Any]] = {}
    for each in answered:
        row = known.get(each.run.thread_id)
        if row is not None and each.run.thread_id not in ready and _waits_for(row, each):
            ready[each.run.thread_id] = _readied(each, row.traceparent, now)
    # the moment by which claims go: a gatekeeper whose clock is ahead must not make its runs wait
    at_once = database_now(conn, now)
    paused = runs.c.status == "PAUSED"
    update_rows(conn, runs, list(ready.values()), ["thread_id"], paused, not_before=at_once)


def _locked(conn: Connection, threads: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    names = sorted(threads)
    if not names:
        return {}
    found = conn.execute(
        select(
            *(runs.c.thread_id, runs.c.status, runs.c.plan_id, runs.c.traceparent),
            whole(runs.c.pause).label("pause"),
        )
        .where(among(conn, runs.c.thread_id, names))
        .order_by(runs.c.thread_id)
        .with_for_update()
    )
    return {row.thread_id: row for row in found}


def _waits_for(row: Row[*tuple[Any, ...]], each: Answered) -> bool:
    if row.status != "PAUSED" or row.plan_id != each.answer.plan_id or row.pause is None:
        return False
    return read(row.pause, RunIdentity) == each.run


def _readied(each: Answered, paused_in: str | None, now: datetime) -> dict[str, Any]:
    return {
        "thread_id": each.run.thread_id,
        "status": "READY",
        "answer": each.answer,
        "digest": each.answer.digest if each.may_run else None,
        "use_by": each.answer.use_by,
        "attempts": 0,
        "error": "",
        "updated_at": now,
        "traceparent": cause_of(each.answer.plan_id) or paused_in,
    }
