"""What plans that wait would do outside: the next plan is checked against it, before either has done it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, exists, or_, select

from gate_store.bulk import insert_new
from gate_store.clearance_states import ended, is_revoked
from gate_store.dialects import among, word
from gate_store.plain_text import storable
from gate_store.tables import clearances, gates, lost_plans, planned_effects
from gate_store.verdicts import later


class PlannedEffect(NamedTuple):
    """What a step of a plan would do outside."""

    plan_id: UUID
    digest: str  # of the plan
    step_id: str
    window_key: str
    window_s: int  # how long it counts as done


class WaitingEffect(NamedTuple):
    """When an effect was planned first, and by which plan. `may_be_done`: a restored store lost that one."""

    at: datetime
    plan_id: UUID
    may_be_done: bool


def note_planned_effects(conn: Connection, planned: Iterable[PlannedEffect], now: datetime) -> None:
    """Note what plans that were asked about or cleared would do."""
    insert_new(conn, planned_effects, [_row(each, now) for each in planned], "digest", "step_id")


def waiting_effects(conn: Connection, keys: Mapping[str, int], now: datetime) -> Mapping[str, WaitingEffect]:
    """When each effect was first planned, and by which plan, of plans that are still to run.

    And of those that may have run, by runs that a restored store does not know.

    `keys` are effect keys and the seconds for which each counts as done. A plan waits while its gate is open,
    and once it may run until its outcome is there; but no longer than the effect would count, had it been
    done as the plan was cleared, or than the verdict lets it be done: it may never be carried out.
    """
    if not keys:
        return {}
    planned, of_it = planned_effects, clearances.c.digest == planned_effects.c.digest
    found = conn.execute(
        select(
            planned.c.window_key,
            planned.c.noted_at,
            planned.c.plan_id,
            _is_asked().label("is_asked"),
            _was_lost().label("was_lost"),
            clearances.c.cleared_at,
            clearances.c.begun_until,
        )
        .join_from(planned, clearances, of_it, isouter=True)
        .where(among(conn, planned.c.window_key, keys), or_(_is_asked(), _may_run(), _was_lost()))
        .order_by(planned.c.noted_at.desc())
    )
    return {
        row.window_key: WaitingEffect(row.noted_at, row.plan_id, row.was_lost)
        for row in found
        if row.is_asked or now < _waits_until(row, keys[row.window_key])
    }


def _waits_until(row: Row[*tuple[Any, ...]], window_s: int) -> datetime:
    until = later(max(row.noted_at, row.cleared_at or row.noted_at), timedelta(seconds=window_s))
    return max(until, row.begun_until) if row.begun_until else until


def forget_planned(conn: Connection, digests: Collection[str]) -> None:
    """Forget what those of these plans would do that wait no more: every later plan would read it again."""
    if digests:
        waits = or_(_is_asked(), exists().where(_may_run()))
        over = (among(conn, planned_effects.c.digest, digests), ~waits)
        conn.execute(delete(planned_effects).where(*over))


def _is_asked() -> ColumnElement[bool]:
    return exists().where(
        gates.c.plan_id == planned_effects.c.plan_id,
        gates.c.digest == planned_effects.c.digest,
        gates.c.state == word("PENDING"),
    )


def _may_run() -> ColumnElement[bool]:
    """Of a clearance beside what it lets be done."""
    return and_(clearances.c.digest == planned_effects.c.digest, ~ended(), ~is_revoked())


def _was_lost() -> ColumnElement[bool]:
    """What its run asks next in its place is told from it otherwise: it begins in doubt."""
    return exists().where(
        lost_plans.c.plan_id == planned_effects.c.plan_id,
        lost_plans.c.thread_id.is_not(None),
        lost_plans.c.redone_as.is_(None),
    )


def _row(each: PlannedEffect, now: datetime) -> dict[str, Any]:
    return {**each._asdict(), "window_key": storable(each.window_key), "noted_at": now}
