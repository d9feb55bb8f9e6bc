"""Who is at a plan of a service, and whose outcome is awaited."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, func, null, or_, select

from gate_events.records import PlanCleared, PlanExecuted
from gate_events.values import Finding
from gate_store.bulk import insert_new, update_rows
from gate_store.dialects import among, read, whole
from gate_store.plain_text import storable
from gate_store.tables import clearances, executions

_KEY = ("plan_id", "digest", "attempt")
_Key = tuple[UUID, str, int]


def note_begun(conn: Connection, begun: Iterable[tuple[PlanExecuted, datetime]]) -> None:
    """An executor says at a moment, the broker's where it keeps one, that it is at a plan.

    Said again, it still is. What was said before the plan was cleared counts for nothing: `since_cleared`.
    """
    last: dict[_Key, tuple[PlanExecuted, datetime]] = {}
    for each, at in begun:
        key = (each.plan_id, each.digest, each.attempt)
        if key not in last or last[key][1] < at:
            last[key] = each, at
    if not last:
        return
    known = _known(conn, last)
    rows = [_said(each, at, known.get(key)) for key, (each, at) in last.items()]
    insert_new(conn, executions, rows, *_KEY)
    moments = ("heard_at", "executor", "begun_at")
    heard = [{name: row[name] for name in (*_KEY, *moments)} for row in rows]
    update_rows(conn, executions, heard, list(_KEY))


def _said(each: PlanExecuted, at: datetime, known: Row[*tuple[Any, ...]] | None) -> dict[str, Any]:
    """What is heard late is no later for that."""
    if known is None or known.heard_at is None:
        return _row(each, heard_at=at, begun_at=at)
    later = at > known.heard_at
    row = _row(each, heard_at=max(at, known.heard_at), begun_at=min(at, known.begun_at))
    return row if later else {**row, "executor": known.executor}


def _known(conn: Connection, keys: Collection[_Key]) -> dict[_Key, Row[*tuple[Any, ...]]]:
    found = conn.execute(
        select(executions).where(
            among(conn, executions.c.plan_id, {plan_id for plan_id, _, _ in keys}),
            among(conn, executions.c.digest, {digest for _, digest, _ in keys}),
        )
    )
    return {(row.plan_id, row.digest, row.attempt): row for row in found}


def since_cleared() -> ColumnElement[bool]:
    """Whether what was heard of a plan was said once it was cleared: both by the broker's moment."""
    return executions.c.heard_at >= func.coalesce(clearances.c.said_at, clearances.c.cleared_at)


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


def asked_after(conn: Connection, told: Sequence[PlanExecuted]) -> tuple[set[str], dict[str, Finding]]:
    """The digests of these whose review was asked for because no outcome came, and their `disputes`."""
    if not told:
        return set(), {}
    columns = (executions.c.digest, executions.c.asked_at, whole(executions.c.disputed).label("disputed"))
    rows = conn.execute(
        select(*columns).where(
            among(conn, executions.c.plan_id, {each.plan_id for each in told}),
            among(conn, executions.c.digest, {each.digest for each in told}),
            or_(executions.c.asked_at.is_not(None), executions.c.disputed.is_not(None)),
        )
    ).all()
    asked = {row.digest for row in rows if row.asked_at}
    return asked, {row.digest: read(row.disputed, Finding) for row in rows if row.disputed}


def note_disputed(conn: Connection, findings: Mapping[tuple[UUID, str], Finding]) -> None:
    """Note how else these plans, by id and digest, were told than cleared; the first time counts."""
    rows = [
        {"plan_id": plan, "digest": digest, "disputed": each} for (plan, digest), each in findings.items()
    ]
    update_rows(conn, executions, rows, ["plan_id", "digest"], executions.c.disputed.is_(None))


def disputes(conn: Connection, digests: Collection[str]) -> dict[str, Finding]:
    """What their reviews afterwards must say of these plans, by digest."""
    if not digests:
        return {}
    found = conn.execute(
        select(executions.c.digest, whole(executions.c.disputed).label("disputed"))
        .join(clearances, clearances.c.digest == executions.c.digest)
        .where(among(conn, clearances.c.digest, digests), executions.c.plan_id == clearances.c.plan_id)
        .where(executions.c.disputed.is_not(None))
    )
    return {row.digest: read(row.disputed, Finding) for row in found}


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
