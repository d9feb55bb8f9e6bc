"""What the demo asks the store, to know how far its plans are."""

from collections.abc import Iterable, Sequence
from uuid import UUID

import msgspec
from sqlalchemy import Engine, func, select

from gate_events.records import ApprovalRequested
from gate_events.words import Tier, Timing
from gate_store.database import utc_now
from gate_store.dialects import among
from gate_store.heartbeats import GATEKEEPER, RESUMER, ROUTER, heard
from gate_store.tables import effects, gates, runs


def all_serve(store: Engine) -> bool:
    """Whether router, gatekeeper and resumer do their parts."""
    with store.connect() as conn:
        found = heard(conn, utc_now())
    return {ROUTER, GATEKEEPER, RESUMER} <= {each.part for each in found if each.does_its_part}


def pending(store: Engine, plans: Sequence[UUID] | None) -> list[ApprovalRequested]:
    """What waits for a human, the oldest first; of all plans where none are named."""
    with store.connect() as conn:
        query = select(gates.c.request).where(gates.c.state == "PENDING").order_by(gates.c.requested_at)
        if plans is not None:
            query = query.where(among(conn, gates.c.plan_id, plans))
        found = conn.execute(query).scalars().all()
    return [msgspec.convert(request, ApprovalRequested) for request in found]


def reviews_afterwards(store: Engine) -> int:
    """How many reviews of plans that ran were asked."""
    with store.connect() as conn:
        query = select(func.count()).where(gates.c.timing == Timing.AFTER.value)
        return conn.execute(query).scalar_one()


def partly_reversible(requests: Iterable[ApprovalRequested]) -> set[str]:
    """Their sentences about what can be taken back in part."""
    groups = (group for request in requests for group in request.review.groups)
    return {group.text for group in groups if group.tier is Tier.PARTIALLY_REVERSIBLE}


def ended(store: Engine, plans: Sequence[UUID]) -> int:
    """How many of their runs have ended."""
    with store.connect() as conn:
        over = runs.c.status.in_(["DONE", "FAILED", "STALE"])
        return conn.execute(select(func.count()).where(among(conn, runs.c.plan_id, plans), over)).scalar_one()


def effects_of(store: Engine, plans: Sequence[UUID]) -> list[tuple[str, int]]:
    """How many of their steps are done, by action type; the most first."""
    with store.connect() as conn:
        number = func.count()
        query = (
            select(effects.c.action_type, number)
            .where(among(conn, effects.c.plan_id, plans), effects.c.state == "SUCCEEDED")
            .group_by(effects.c.action_type)
            .order_by(number.desc(), effects.c.action_type)
        )
        return [(action, count) for action, count in conn.execute(query)]
