"""What is done to a store that was restored from a backup, before anybody works with it again."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, delete, select, union

from gate_events.records import PlanCleared
from gate_events.words import DecisionKind
from gate_store.dialects import among, word
from gate_store.lost_answers import ask_what_was_answered, doubt_what_was_let_again
from gate_store.lost_steps import doubt_what_may_go_on
from gate_store.planned_effects import PlannedEffect, note_planned_effects
from gate_store.restores import LostPlan, note_lost_plans, note_restore, note_told
from gate_store.tables import clearances, decisions, gates, outbox, runs, waiting_plans


@dataclass(frozen=True, slots=True)
class Since:
    """What the log holds of after the backup.

    `plans` were cleared, or approved by somebody; `ended` have outcomes, and count where they were cleared
    before. `answered` are the questions about doubts, by gate, that somebody answered; `cleared` and
    `verdicts` are what services were told, by digest and by event id.
    """

    plans: Sequence[LostPlan] = ()
    ended: Sequence[LostPlan] = ()
    answered: Collection[UUID] = ()
    cleared: Collection[str] = ()
    verdicts: Collection[UUID] = ()
    effects: Collection[PlannedEffect] = ()  # of plans of runs, as the catalogue knows them


@dataclass(frozen=True, slots=True)
class Noted:
    """How much is in doubt now."""

    plans: int  # on the log: those of them that are cleared anew begin in doubt
    runs: int  # of them are of runs that do not know them
    steps: int  # of what the store knows


@dataclass(frozen=True, slots=True)
class Lost:
    """The store knows nothing from `since`, when the backup was made, until `until`, when it was lost."""

    since: datetime
    until: datetime
    idempotent: Collection[str] = field(default=())  # action types that are simply repeated


def note_lost(conn: Connection, lost: Lost, log: Since, now: datetime) -> Noted:
    """Let all that may have happened begin in doubt, and tell services nothing twice."""
    restore = note_restore(conn, lost.since, lost.until, lost.idempotent, now)
    named = {each.plan_id for each in log.plans}
    waiting = [LostPlan(plan_id) for plan_id in _waiting(conn) if plan_id not in named]
    plans = _placed(conn, [*log.plans, *waiting])
    lost_plans = {each.plan_id: each for each in (*_cleared_before(conn, log.ended), *plans)}
    note_lost_plans(conn, lost_plans.values())
    gone = {each.plan_id for each in plans if each.thread_id is not None}
    note_planned_effects(conn, (each for each in log.effects if each.plan_id in gone), lost.until)
    note_told(conn, [*log.cleared, *map(str, log.verdicts)])
    steps = doubt_what_may_go_on(conn, restore, now)
    steps += doubt_what_was_let_again(conn, restore, now)
    steps += ask_what_was_answered(conn, log.answered, restore, now)
    if log.verdicts:
        conn.execute(delete(outbox).where(among(conn, outbox.c.event_id, log.verdicts)))
    return Noted(len(plans), len(gone), steps)


def _waiting(conn: Connection) -> Iterable[UUID]:
    """Plans of which something waited at the backup that lets them run, once what it waits for has come."""
    lets_run = decisions.c.kind.in_([DecisionKind.APPROVE.value, DecisionKind.EDIT.value])
    decided = select(decisions.c.plan_id).where(decisions.c.disposition == word("WAITING"), lets_run)
    cleared = select(waiting_plans.c.plan_id).where(waiting_plans.c.record == PlanCleared.__name__)
    return conn.execute(union(decided, cleared)).scalars().all()


def _cleared_before(conn: Connection, ended: Sequence[LostPlan]) -> list[LostPlan]:
    if not ended:
        return []
    of_plans = among(conn, clearances.c.plan_id, [each.plan_id for each in ended])
    known = set(conn.execute(select(clearances.c.plan_id).where(of_plans)).scalars())
    return [each for each in ended if each.plan_id in known]


def _placed(conn: Connection, plans: Sequence[LostPlan]) -> list[LostPlan]:
    """With a thread only where its run does not know the plan, so that it asks anew under another id."""
    known = _known(conn, {each.plan_id for each in plans})
    return [replace(each, thread_id=None) if each.plan_id in known else each for each in plans]


def _known(conn: Connection, plan_ids: Collection[UUID]) -> set[UUID]:
    if not plan_ids:
        return set()
    of_plans = (
        select(column).where(among(conn, column, plan_ids))
        for column in (gates.c.plan_id, clearances.c.plan_id, runs.c.plan_id)
    )
    return set(conn.execute(union(*of_plans)).scalars())


def told_of_steps(said: Iterable[tuple[str, str, str]]) -> Mapping[str, Mapping[str, str]]:
    """What outcomes say by digest and step, as `LostPlan` has it; of what is said of a step, the last."""
    told: dict[str, dict[str, str]] = {}
    for digest, step_id, words in said:
        told.setdefault(digest, {})[step_id] = words
    return told
