"""Claims about a later revision of a plan wait for the earlier one: the two may travel on two topics."""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, func, or_, select

from gate_events.records import ApprovalRequested, PlanCleared
from gate_store.bulk import delete_rows, insert_new, update_rows
from gate_store.dialects import among, read, whole
from gate_store.paging import first_rows
from gate_store.plain_text import storable
from gate_store.plan_owners import PlanRecord
from gate_store.room import REVISIONS, Waiting, large
from gate_store.tables import revisions, waiting_plans

_TYPES: dict[str, type[Any]] = {each.__name__: each for each in (ApprovalRequested, PlanCleared)}
_NO_EARLIER = (
    "revision {} of plan {} came, and the one before it did not within {}; number revisions one by one"
)
_NO_ROOM = "revision {} of plan {} came before the one before it, and {}; propose it again after that one"


def claim_id(record: PlanRecord) -> str:
    """What tells claims apart: two may name one digest, and another proposer."""
    return hashlib.sha256(msgspec.json.encode(record, order="sorted")).hexdigest()


def wait(conn: Connection, records: Sequence[PlanRecord], now: datetime) -> dict[str, str]:
    """Keep claims until their turn comes; returns, by `claim_id`, why some are not kept."""
    by_claim = {claim_id(record): record for record in records}
    if not by_claim:
        return {}
    table = waiting_plans
    kept = set(conn.execute(select(table.c.claim).where(among(conn, table.c.claim, by_claim))).scalars())
    waits = _waits(conn, {record.plan_id for record in records})
    refused = {}
    for claim, record in by_claim.items():
        if claim not in kept and (why := waits.objection(record.plan_id, None, record)):
            refused[claim] = _NO_ROOM.format(record.revision, record.plan_id, why)
    fresh = [
        _row(claim, record, now) for claim, record in by_claim.items() if claim not in kept | refused.keys()
    ]
    insert_new(conn, table, fresh, "claim")
    return refused


def whose_turn_it_is(
    conn: Connection, plan_ids: Collection[UUID], tried: Collection[str] = ()
) -> list[PlanRecord]:
    """The claims about the next revision of each plan, or one that is known; requests before clearances.

    Without those that were `tried` already.
    """
    if not plan_ids:
        return []
    table = waiting_plans
    last = (
        select(revisions.c.plan_id, func.max(revisions.c.revision).label("revision"))
        .where(among(conn, revisions.c.plan_id, plan_ids))
        .group_by(revisions.c.plan_id)
        .subquery()
    )
    found = conn.execute(
        select(table.c.record, whole(table.c.body).label("body"))
        .outerjoin_from(table, last, last.c.plan_id == table.c.plan_id)
        .where(among(conn, table.c.plan_id, plan_ids), table.c.why.is_(None))
        .where(table.c.revision <= func.coalesce(last.c.revision, 0) + 1)
        .where(~among(conn, table.c.claim, tried))
        .order_by(*(table.c[name] for name in ("revision", "record", "recorded_at", "claim")))
    )
    return [read(row.body, _TYPES[row.record]) for row in found]


def waiting_revisions(conn: Connection, plan_ids: Collection[UUID]) -> set[tuple[UUID, int]]:
    """The revisions about which claims wait."""
    if not plan_ids:
        return set()
    table = waiting_plans
    found = conn.execute(
        select(table.c.plan_id, table.c.revision)
        .where(among(conn, table.c.plan_id, plan_ids), table.c.why.is_(None))
        .distinct()
    )
    return {(row.plan_id, row.revision) for row in found}


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
    found, _ = first_rows(conn, lost, "body")
    delete_rows(conn, table, [{"claim": row.claim} for row in found])
    records = [(read(row.body, _TYPES[row.record]), row.why) for row in found]
    return [(one, why or _NO_EARLIER.format(one.revision, one.plan_id, patience)) for one, why in records]


def _waits(conn: Connection, plan_ids: Collection[UUID]) -> Waiting:
    table = waiting_plans
    waits = Waiting(REVISIONS)
    found = conn.execute(
        select(table.c.plan_id, func.count().label("records"), large(conn, table.c.body).label("bytes"))
        .where(among(conn, table.c.plan_id, plan_ids), table.c.why.is_(None))
        .group_by(table.c.plan_id)
    )
    for row in found:
        waits.note(row.plan_id, None, row.records, row.bytes)
    return waits


def _row(claim: str, record: PlanRecord, now: datetime) -> dict[str, Any]:
    return {
        "claim": claim,
        "record": type(record).__name__,
        "plan_id": record.plan_id,
        "revision": record.revision,
        "body": record,
        "recorded_at": now,
    }
