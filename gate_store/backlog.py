"""What waits in the store, how much and since when. `plangate doctor` asks; each question has an index."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Connection, and_, case, exists, func, select, true

from gate_events.records import PlanDecided
from gate_store.clearance_states import begun, begun_by_word, ended, is_revoked
from gate_store.clock import SILENT_FOR
from gate_store.dialects import word
from gate_store.tables import clearances, gates, outbox, queued_plans, runs, stops

MANY = 10_000  # more than that nobody counts


@dataclass(frozen=True)
class Waiting:
    """So many, the oldest since then; `example` names one."""

    count: int
    since: datetime | None = None
    example: str = ""


@dataclass(frozen=True)
class OpenGates:
    """Gates of one kind that wait for a human. `overdue`: those whose deadline is past."""

    kind: str
    count: int
    since: datetime
    next_deadline: datetime
    overdue: int


def open_gates(conn: Connection, now: datetime, grace: timedelta) -> list[OpenGates]:
    """Those that wait for a human, by kind; `overdue` counts from `grace` after the deadline on."""
    late = func.sum(case((gates.c.deadline < now - grace, 1), else_=0))
    found = conn.execute(
        select(
            gates.c.kind,
            func.count().label("count"),
            func.min(gates.c.requested_at).label("since"),
            func.min(gates.c.deadline).label("next_deadline"),
            late.label("overdue"),
        )
        .where(gates.c.state == word("PENDING"))
        .group_by(gates.c.kind)
        .order_by(gates.c.kind)
    )
    return [OpenGates(**row._mapping) for row in found]


def unasked_runs(conn: Connection, before: datetime) -> Waiting:
    """Runs that paused before that moment, and of whose plan neither a gate nor a clearance is known.

    What waits until its agent has fewer open gates is left out.
    """
    asked = exists().where(gates.c.plan_id == runs.c.plan_id)
    cleared = exists().where(clearances.c.plan_id == runs.c.plan_id)
    waits = exists().where(queued_plans.c.plan_id == runs.c.plan_id, queued_plans.c.why.is_(None))
    found = (
        select(runs.c.thread_id, runs.c.updated_at)
        .where(runs.c.status == word("PAUSED"), runs.c.updated_at < before, ~asked, ~cleared, ~waits)
        .order_by(runs.c.updated_at)
        .limit(MANY)
    )
    rows = conn.execute(found).all()
    return Waiting(len(rows), rows[0].updated_at, rows[0].thread_id) if rows else Waiting(0)


def ready_runs(conn: Connection, now: datetime) -> dict[str, Waiting]:
    """Runs that wait for a resumer, by graph."""
    found = conn.execute(
        select(runs.c.graph, func.count(), func.min(runs.c.not_before), func.min(runs.c.thread_id))
        .where(runs.c.status == word("READY"), runs.c.not_before <= now)
        .group_by(runs.c.graph)
        .order_by(runs.c.graph)
    )
    return {row.graph: Waiting(*row[1:]) for row in found}


def unexecuted(conn: Connection, before: datetime) -> Waiting:
    """Clearances of services of which nobody did or told anything, of the newest `MANY` before that moment.

    Whoever is at one says so again and again: of a BEGUN that is older by `SILENT_FOR` nobody is at it.
    What a human was asked about again, or a newer revision took the place of, is left out.
    """
    newest = select(clearances.c.cleared_at).where(clearances.c.cleared_at < before)
    by_age = newest.order_by(clearances.c.cleared_at.desc())
    first = conn.execute(by_age.offset(MANY).limit(1)).scalar_one_or_none()
    of_run = exists().where(runs.c.plan_id == clearances.c.plan_id)
    asked_again = exists().where(gates.c.gate_id == clearances.c.gate_id, gates.c.asked_again_at.is_not(None))
    rows = conn.execute(
        select(clearances.c.cleared_at, clearances.c.plan_id)
        .where(clearances.c.cleared_at < before)
        .where(true() if first is None else clearances.c.cleared_at > first)
        .where(~begun(), ~begun_by_word(before - SILENT_FOR), ~ended(), ~is_revoked(), ~of_run, ~asked_again)
        .order_by(clearances.c.cleared_at)
    ).all()
    return Waiting(len(rows), rows[0].cleared_at, str(rows[0].plan_id)) if rows else Waiting(0)


def unpublished(conn: Connection) -> Waiting:
    """Records that are not on Kafka yet, in the order in which they were said.

    Of verdicts none while something is stopped, since a stop holds those that let services begin.
    """
    verdict = outbox.c.record == PlanDecided.__name__
    held = and_(verdict, exists().where(stops.c.ended_at.is_(None)))
    oldest = select(outbox.c.id, outbox.c.created_at).where(~held).order_by(outbox.c.id)
    first = conn.execute(oldest.limit(1)).one_or_none()
    if first is None:
        return Waiting(0)
    some = oldest.limit(MANY).subquery()
    return Waiting(conn.execute(select(func.count()).select_from(some)).scalar_one(), first.created_at)


def any_open_run(conn: Connection) -> bool:
    """Whether a run is being executed, waits for its gate, or for a resumer."""
    states = [word(each) for each in ("PAUSED", "READY", "RUNNING")]
    return any(
        conn.execute(select(runs.c.thread_id).where(runs.c.status == state).limit(1)).first()
        for state in states
    )
