"""Claims about a later revision of a plan wait for the earlier one: the two may travel on two topics."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, or_, select

from gate_events.records import ApprovalRequested, PlanCleared
from gate_store.bulk import delete_rows, insert_new, update_rows
from gate_store.dialects import among, read, whole
from gate_store.plain_text import storable
from gate_store.plan_owners import PlanRecord
from gate_store.tables import waiting_plans

_TYPES: dict[str, type[Any]] = {each.__name__: each for each in (ApprovalRequested, PlanCleared)}
_NO_EARLIER = (
    "revision {} of plan {} came, and the one before it did not within {}; number revisions one by one"
)


def claim_id(record: PlanRecord) -> str:
    """What tells claims apart: two may name one digest, and another proposer."""
    return hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()


def wait(conn: Connection, records: Sequence[PlanRecord], now: datetime) -> None:
    """Keep claims until their turn comes."""
    insert_new(conn, waiting_plans, [_row(record, now) for record in records], "claim")


def waiting(conn: Connection, plan_ids: Collection[UUID]) -> list[PlanRecord]:
    """The claims that wait about these plans, the earliest revision first; requests before clearances."""
    if not plan_ids:
        return []
    found = conn.execute(
        select(waiting_plans.c.record, whole(waiting_plans.c.body).label("body"))
        .where(among(conn, waiting_plans.c.plan_id, plan_ids), waiting_plans.c.why.is_(None))
        .order_by(*(waiting_plans.c[name] for name in ("revision", "record", "recorded_at", "claim")))
    )
    return [read(row.body, _TYPES[row.record]) for row in found]


def wait_no_more(
    conn: Connection, records: Sequence[PlanRecord], refused: Sequence[tuple[PlanRecord, str]] = ()
) -> None:
    """Their turn has come; the clock makes dead letters of what was `refused` then, for these reasons."""
    reasons = [{"claim": claim_id(record), "why": storable(why)} for record, why in refused]
    update_rows(conn, waiting_plans, reasons, ["claim"])
    through = {claim_id(record) for record in records} - {each["claim"] for each in reasons}
    delete_rows(conn, waiting_plans, [{"claim": claim} for claim in through])


def settle_waiting_plans(
    conn: Connection, now: datetime, patience: timedelta, limit: int = 500
) -> list[tuple[PlanRecord, str]]:
    """Give up claims that were refused, or whose earlier revision did not come in time; with the reason.

    For dead-letters: commit after they are published. `patience` is the time for the earlier revision.
    """
    table = waiting_plans
    lost = (
        select(table.c.claim, table.c.record, table.c.why, whole(table.c.body).label("body"))
        .where(or_(table.c.why.is_not(None), table.c.recorded_at <= now - patience))
        .order_by(table.c.recorded_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=table)
    )
    found = conn.execute(lost).all()
    delete_rows(conn, table, [{"claim": row.claim} for row in found])
    records = [(read(row.body, _TYPES[row.record]), row.why) for row in found]
    return [(one, why or _NO_EARLIER.format(one.revision, one.plan_id, patience)) for one, why in records]


def _row(record: PlanRecord, now: datetime) -> dict[str, Any]:
    return {
        "claim": claim_id(record),
        "record": type(record).__name__,
        "plan_id": record.plan_id,
        "revision": record.revision,
        "body": record,
        "recorded_at": now,
    }
