"""What plans that wait would do outside: the next plan is checked against it, before either has done it."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection, and_, exists, or_, select

from gate_store.bulk import insert_new
from gate_store.dialects import among, word
from gate_store.plain_text import storable
from gate_store.tables import clearances, gates, plan_outcomes, planned_effects, revocations


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
    asked = exists().where(
        gates.c.plan_id == wanted.c.plan_id,
        gates.c.digest == wanted.c.digest,
        gates.c.state == word("PENDING"),
    )
    ended = exists().where(
        plan_outcomes.c.plan_id == clearances.c.plan_id,
        plan_outcomes.c.digest == clearances.c.digest,
    )
    revoked = exists().where(revocations.c.digest == clearances.c.digest)
    may_run = exists().where(and_(clearances.c.digest == wanted.c.digest, ~ended, ~revoked))
    found = conn.execute(
        select(wanted.c.window_key, wanted.c.noted_at, wanted.c.plan_id)
        .where(among(conn, wanted.c.window_key, keys), or_(asked, may_run))
        .order_by(wanted.c.noted_at.desc())
    )
    return {row.window_key: (row.noted_at, row.plan_id) for row in found}


def _row(each: PlannedEffect, now: datetime) -> dict[str, Any]:
    return {**each._asdict(), "window_key": storable(each.window_key), "noted_at": now}
