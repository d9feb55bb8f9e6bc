"""Which pause a run is bound to, and the answer that makes it READY. The gatekeeper's part of `runs`."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from gate_events.pause import GateAnswer
from gate_events.values import RunIdentity
from gate_store.bulk import insert_new, update_rows
from gate_store.dialects import among, database_now, read, whole
from gate_store.tables import runs

_REBINDABLE = {"PAUSED", "DONE", "FAILED", "STALE"}


@dataclass(frozen=True, slots=True)
class Pause:
    """A run that waits for the word on a plan."""

    run: RunIdentity
    plan_id: UUID


@dataclass(frozen=True, slots=True)
class Answered:
    """The word on the plan of a paused run; `may_run`: its digest may be executed."""

    run: RunIdentity
    answer: GateAnswer
    may_run: bool


def bind(conn: Connection, pauses: Sequence[Pause], now: datetime) -> None:
    """Note runs as PAUSED at their plans. An older pause of a thread never takes a newer one's place."""
    newest = {pause.run.thread_id: pause for pause in sorted(pauses, key=lambda p: p.run.checkpoint_id)}
    known = _locked(conn, newest)
    fresh = [_bound(pause, now) for thread, pause in newest.items() if thread not in known]
    insert_new(conn, runs, [_new(values, now) for values in fresh], "thread_id")
    moved = [pause for thread, pause in newest.items() if thread in known and _moves(known[thread], pause)]
    update_rows(conn, runs, [_bound(pause, now) for pause in moved], ["thread_id"])


def make_ready(conn: Connection, answered: Sequence[Answered], now: datetime) -> None:
    """Hand paused runs their answers: PAUSED -> READY, where plan and pause are those that were asked."""
    known = _locked(conn, {each.run.thread_id for each in answered})
    ready: dict[str, dict[str, Any]] = {}
    for each in answered:
        row = known.get(each.run.thread_id)
        if row is not None and each.run.thread_id not in ready and _waits_for(row, each):
            ready[each.run.thread_id] = _readied(each, now)
    # the moment by which claims go: a gatekeeper whose clock is ahead must not make its runs wait
    at_once = database_now(conn, now)
    paused = runs.c.status == "PAUSED"
    update_rows(conn, runs, list(ready.values()), ["thread_id"], paused, not_before=at_once)


def _locked(conn: Connection, threads: Iterable[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    names = sorted(threads)
    if not names:
        return {}
    found = conn.execute(
        select(runs.c.thread_id, runs.c.status, runs.c.plan_id, whole(runs.c.pause).label("pause"))
        .where(among(conn, runs.c.thread_id, names))
        .order_by(runs.c.thread_id)
        .with_for_update()
    )
    return {row.thread_id: row for row in found}


def _moves(row: Row[*tuple[Any, ...]], pause: Pause) -> bool:
    if row.status not in _REBINDABLE or row.plan_id == pause.plan_id:
        return False
    # LangGraph's checkpoint ids are ordered by time; clocks of several machines are not
    return row.pause is None or read(row.pause, RunIdentity).checkpoint_id <= pause.run.checkpoint_id


def _waits_for(row: Row[*tuple[Any, ...]], each: Answered) -> bool:
    if row.status != "PAUSED" or row.plan_id != each.answer.plan_id or row.pause is None:
        return False
    return read(row.pause, RunIdentity) == each.run


def _bound(pause: Pause, now: datetime) -> dict[str, Any]:
    return {
        "thread_id": pause.run.thread_id,
        "graph": pause.run.graph,
        "status": "PAUSED",
        "worker": None,
        "lease_until": None,
        "plan_id": pause.plan_id,
        "pause": pause.run,
        "digest": None,
        "answer": None,
        "use_by": None,
        "head_id": None,
        "attempts": 0,
        "not_before": now,
        "error": "",
        "updated_at": now,
    }


def _new(values: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {**values, "token": 0, "created_at": now}


def _readied(each: Answered, now: datetime) -> dict[str, Any]:
    return {
        "thread_id": each.run.thread_id,
        "status": "READY",
        "answer": each.answer,
        "digest": each.answer.digest if each.may_run else None,
        "use_by": each.answer.use_by,
        "attempts": 0,
        "error": "",
        "updated_at": now,
    }
