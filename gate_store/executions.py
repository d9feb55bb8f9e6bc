"""Who is at a plan of a service, and whose outcome is awaited."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, literal, null, select

from gate_events.records import PlanCleared, PlanExecuted
from gate_store.bulk import insert_new, update_rows
from gate_store.dialects import among
from gate_store.plain_text import storable
from gate_store.tables import UtcMoment, executions

_KEY = ("plan_id", "digest", "attempt")


def note_begun(conn: Connection, begun: Iterable[PlanExecuted], now: datetime) -> None:
    """An executor says that it is at a plan; said again, it still is.

    What was said before the plan was cleared counts for nothing: `heard_at` tells.
    """
    by_key = {(each.plan_id, each.digest, each.attempt): each for each in begun}
    rows = [_row(each, heard_at=now, begun_at=now) for each in by_key.values()]
    if not rows:
        return
    insert_new(conn, executions, rows, *_KEY)
    heard = [{name: row[name] for name in (*_KEY, "heard_at", "executor")} for row in rows]
    first = func.coalesce(executions.c.begun_at, literal(now, UtcMoment))
    update_rows(conn, executions, heard, list(_KEY), begun_at=first)


def await_outcomes(conn: Connection, cleared: Iterable[PlanCleared]) -> None:
    """Note until when services have time to say what became of plans that are reviewed afterwards."""
    rows = [
        {
            "plan_id": each.plan_id,
            "digest": each.digest,
            "attempt": 1,
            "executor": "",
            "begun_at": None,
            "heard_at": None,
            "due_at": each.review.terms.deadline,
            "asked_at": None,
        }
        for each in cleared
        if each.review and each.run is None
    ]
    insert_new(conn, executions, rows, *_KEY)
    due = [{name: row[name] for name in (*_KEY, "due_at")} for row in rows]  # who was at it before we knew
    update_rows(conn, executions, due, list(_KEY), executions.c.asked_at.is_(None))


def asked_after(conn: Connection, told: Sequence[PlanExecuted]) -> set[str]:
    """The digests of these whose review was asked for because no outcome came."""
    if not told:
        return set()
    found = conn.execute(
        select(executions.c.digest).where(
            among(conn, executions.c.plan_id, {each.plan_id for each in told}),
            among(conn, executions.c.digest, {each.digest for each in told}),
            executions.c.asked_at.is_not(None),
        )
    )
    return set(found.scalars())


def outcomes_came(conn: Connection, told: Iterable[PlanExecuted]) -> None:
    """Nobody has to ask for these any more."""
    rows = [{"plan_id": each.plan_id, "digest": each.digest} for each in told]
    if rows:
        update_rows(conn, executions, rows, ["plan_id", "digest"], due_at=null())


def _row(each: PlanExecuted, **moments: datetime) -> dict[str, Any]:
    return {
        "plan_id": each.plan_id,
        "digest": each.digest,
        "attempt": each.attempt,
        "executor": storable(each.executor),
        "due_at": None,
        "asked_at": None,
        **moments,
    }
