"""Whether a service may do anything of a plan, before it begins."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, exists, select

from gate_events.pause import expired
from gate_store.revocations import OLDER_GOES_ON, under_way, why_revoked
from gate_store.stale import why_stale
from gate_store.superseding import ASKS_BEFORE
from gate_store.tables import clearances, effects, gates


@dataclass(frozen=True, slots=True)
class Standing:
    """What the store says of a plan; `why` it may not run, `is_late` where it was not used in time.

    `waits` says what ends first, where it may run later.
    """

    is_known: bool
    why: str = ""
    is_late: bool = False
    waits: str = ""


def standing_of(conn: Connection, plan_id: UUID, digest: str, now: datetime) -> Standing:
    """How the plan of this digest stands."""
    cleared = conn.execute(
        select(clearances.c.revision, clearances.c.use_by).where(
            clearances.c.digest == digest, clearances.c.plan_id == plan_id
        )
    ).one_or_none()
    if cleared is None:
        return Standing(False, _asked(conn, plan_id, digest))
    of_plan = exists().where(effects.c.plan_id == plan_id, effects.c.digest == digest)
    if conn.execute(select(of_plan)).scalar():
        return Standing(True)
    return _unbegun(conn, digest, plan_id, cleared, now)


def _unbegun(
    conn: Connection, digest: str, plan_id: UUID, cleared: Row[*tuple[Any, ...]], now: datetime
) -> Standing:
    if (why := why_revoked(conn, digest)) is not None:
        return Standing(True, why)
    if expired(cleared.use_by, now):
        return Standing(True, f"the verdict held until {cleared.use_by.isoformat()}", is_late=True)
    if (why := why_stale(conn, digest)) is not None:
        return Standing(True, why, is_late=True)
    if older := under_way(conn, plan_id, cleared.revision):
        return Standing(True, waits=OLDER_GOES_ON.format(older))
    return Standing(True)


def attempt_cleared(conn: Connection, plan_id: UUID, digest: str) -> int | None:
    """At which attempt the plan of this digest is; None: nothing cleared it."""
    cleared = select(clearances.c.attempt).where(
        clearances.c.digest == digest, clearances.c.plan_id == plan_id
    )
    return conn.execute(cleared).scalar_one_or_none()


def _asked(conn: Connection, plan_id: UUID, digest: str) -> str:
    """A plan that a human was asked about is cleared by a verdict alone, whatever was said on its topic."""
    found = conn.execute(
        select(gates.c.gate_id, gates.c.state).where(
            gates.c.plan_id == plan_id,
            gates.c.digest == digest,
            *ASKS_BEFORE,
        )
    ).first()
    return f"a human was asked about it at gate {found.gate_id} ({found.state})" if found else ""
