"""Outcomes and clearances that wait for each other: what time brings about where one does not come."""

from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, exists, or_, select

from gate_events.records import ApprovalRequested, PlanCleared, PlanExecuted
from gate_events.shown import shown
from gate_events.values import Finding
from gate_store import outbox
from gate_store.afterwards import review_of
from gate_store.bulk import delete_rows, update_rows
from gate_store.dialects import read, whole
from gate_store.executions import disputes
from gate_store.paging import first_rows
from gate_store.tables import clearances, executions, gates, plan_outcomes
from gate_store.uncounted_outcomes import KEPT_BY, NOT_CLEARED, GivenUp, give_up_uncounted

_LOOKED_AT_FOR = timedelta(days=7)  # what waits longer was given up by another clock, or closes nothing
_LATE = timedelta(minutes=10)  # clocks differ, and transactions take a while
_NEVER = "no outcome came: whoever was to carry it out did not say whether it did"
_SILENT = "{} began it at {} and did not say how it ended"


def ask_for_outcomes(conn: Connection, now: datetime, silent_for: timedelta, limit: int = 500) -> int:
    """Ask for the review of plans that services may run unasked, and of which no outcome came; how many.

    They have time as long as a reviewer has to look at it, and while they say that they are at it.
    """
    heard = or_(executions.c.heard_at.is_(None), executions.c.heard_at <= now - silent_for)
    due = (
        select(executions, whole(clearances.c.record).label("cleared"))
        .join_from(executions, clearances, clearances.c.digest == executions.c.digest)
        .where(executions.c.due_at.is_not(None), executions.c.due_at <= now)
        .where(executions.c.asked_at.is_(None), clearances.c.gate_id.is_(None), heard)
        .order_by(executions.c.due_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=executions)
    )
    found = conn.execute(due).all()
    disputed = disputes(conn, {row.digest for row in found})
    asked: list[ApprovalRequested] = []
    for row in found:
        told = _SILENT.format(row.executor, row.begun_at.isoformat()) if row.begun_at else _NEVER
        finding = Finding(check="outcome", text=shown(told))
        otherwise = [disputed[row.digest]] if row.digest in disputed else []
        if review := review_of(read(row.cleared, PlanCleared), now, findings=(*otherwise, finding)):
            asked.append(review)
    # those alone are ours: of another attempt an outcome may be on its way, and would wait for us
    marked = [{**{name: getattr(row, name) for name in KEPT_BY}, "asked_at": now} for row in found]
    update_rows(conn, executions, marked, KEPT_BY)
    outbox.put(conn, asked, now)
    return len(found)


def settle_waiting_outcomes(
    conn: Connection,
    now: datetime,
    patience: timedelta,
    looked_at: datetime | None = None,
    limit: int = 500,
) -> GivenUp:
    """Give up outcomes that do not count, or whose plan was not cleared within `patience`, and say why.

    For dead-letters: commit after they are published. That a plan did not run nobody has to clear, where it
    was asked about.
    `looked_at` is the `now` of a call that gave up all: what was due long before it is not
    looked at once more.
    """
    told = plan_outcomes
    cleared = exists().where(clearances.c.digest == told.c.digest, clearances.c.plan_id == told.c.plan_id)
    asked = exists().where(gates.c.plan_id == told.c.plan_id, gates.c.digest == told.c.digest)
    waited = and_(
        told.c.recorded_at <= now - patience,
        told.c.recorded_at > (looked_at - _LATE if looked_at else now - _LOOKED_AT_FOR) - patience,
        ~cleared,
        or_(~asked, told.c.status != "NOT_RUN"),
    )
    lost = select(told.c.plan_id, told.c.digest, told.c.attempt, whole(told.c.record).label("record"))
    found, are_all = first_rows(conn, lost.where(waited).order_by(told.c.recorded_at).limit(limit), "record")
    delete_rows(conn, told, [{name: getattr(row, name) for name in KEPT_BY} for row in found])
    never_cleared = [(read(row.record, PlanExecuted), NOT_CLEARED) for row in found]
    uncounted = give_up_uncounted(conn, now - patience, limit)
    are_all = are_all and len(found) < limit and uncounted.are_all
    return GivenUp([*never_cleared, *uncounted.letters], are_all)
