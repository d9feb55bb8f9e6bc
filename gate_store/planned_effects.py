"""What plans that wait would do outside: the next plan is checked against it, before either has done it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, delete, exists, or_, select

from gate_store.bulk import insert_new
from gate_store.clearance_states import ended, is_revoked
from gate_store.dialects import among, word
from gate_store.plain_text import storable
from gate_store.tables import clearances, gates, planned_effects


class PlannedEffect(NamedTuple):
    """What a step of a plan would do outside."""

    plan_id: UUID
    digest: str  # of the plan
    step_id: str
    window_key: str
    window_s: int  # how long it counts as done


def note_planned_effects(conn: Connection, planned: Iterable[PlannedEffect], now: datetime) -> None:
    """Note what plans that were asked about or cleared would do."""
    insert_new(conn, planned_effects, [_row(each, now) for each in planned], "digest", "step_id")


def waiting_effects(conn: Connection, keys: Collection[str]) -> Mapping[str, tuple[datetime, UUID]]:
    """When each effect was first planned, and by which plan, of plans that are still to run.

    A plan waits while its gate is open, and once it may run until its outcome is there.
    """
    if not keys:
        return {}
    wanted = planned_effects
    found = conn.execute(
        select(wanted.c.window_key, wanted.c.noted_at, wanted.c.plan_id)
        .where(among(conn, wanted.c.window_key, keys), _waits())
        .order_by(wanted.c.noted_at.desc())
    )
    return {row.window_key: (row.noted_at, row.plan_id) for row in found}


def forget_planned(conn: Connection, digests: Collection[str]) -> None:
    """Forget what those of these plans would do that wait no more: every later plan would read it again."""
    if digests:
        over = (among(conn, planned_effects.c.digest, digests), ~_waits())
        conn.execute(delete(planned_effects).where(*over))


def _waits() -> ColumnElement[bool]:
    asked = exists().where(
        gates.c.plan_id == planned_effects.c.plan_id,
        gates.c.digest == planned_effects.c.digest,
        gates.c.state == word("PENDING"),
    )
    may_run = exists().where(clearances.c.digest == planned_effects.c.digest, ~ended(), ~is_revoked())
    return or_(asked, may_run)


def _row(each: PlannedEffect, now: datetime) -> dict[str, Any]:
    return {**each._asdict(), "window_key": storable(each.window_key), "noted_at": now}
