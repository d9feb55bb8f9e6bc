"""What the store knows of effects before a plan is judged: done within their window, or planned elsewhere."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection

from gate_policy.effects import PriorEffect
from gate_store.ledger import prior_effects
from gate_store.planned_effects import waiting_effects


def look_up_effects(
    conn: Connection, wanted: Collection[tuple[str, int]], now: datetime
) -> dict[str, PriorEffect]:
    """By effect key; `wanted` are keys and the seconds for which each counts as done. Done counts most."""
    planned = waiting_effects(conn, dict(wanted), now)
    waits = {
        key: PriorEffect(key, each.at, each.plan_id, "", waits=not each.may_be_done)
        for key, each in planned.items()
    }
    done = prior_effects(conn, sorted(wanted), now)
    return waits | {key: PriorEffect(key, *found) for key, found in done.items()}
