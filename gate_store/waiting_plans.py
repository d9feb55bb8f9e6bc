"""Claims about a later revision of a plan wait for the earlier one: the two may travel on two topics."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, PlanCleared
from gate_store.bulk import delete_rows, insert_new
from gate_store.dialects import among, read, whole
from gate_store.plan_owners import PlanRecord
from gate_store.tables import waiting_plans

_TYPES: dict[str, type[Any]] = {each.__name__: each for each in (ApprovalRequested, PlanCleared)}


def wait(conn: Connection, records: Sequence[PlanRecord], now: datetime) -> None:
    """Keep claims until their turn comes."""
    insert_new(conn, waiting_plans, [_row(record, now) for record in records], "digest", "record")


def waiting(conn: Connection, plan_ids: Collection[UUID]) -> list[PlanRecord]:
    """The claims that wait about these plans, the earliest revision first; requests before clearances."""
    if not plan_ids:
        return []
    found = conn.execute(
        select(waiting_plans.c.record, whole(waiting_plans.c.body).label("body"))
        .where(among(conn, waiting_plans.c.plan_id, plan_ids))
        .order_by(waiting_plans.c.revision, waiting_plans.c.record)
    )
    return [read(row.body, _TYPES[row.record]) for row in found]


def wait_no_more(conn: Connection, records: Sequence[PlanRecord]) -> None:
    """Their turn has come."""
    names = [{"digest": record.digest, "record": type(record).__name__} for record in records]
    delete_rows(conn, waiting_plans, names)


def settle_waiting_plans(
    conn: Connection, now: datetime, patience: timedelta, limit: int = 500
) -> list[PlanRecord]:
    """Give up claims whose earlier revision did not come within `patience`; returned for dead-letters.

    Commit after they are published.
    """
    lost = (
        select(waiting_plans.c.record, whole(waiting_plans.c.body).label("body"))
        .where(waiting_plans.c.recorded_at <= now - patience)
        .order_by(waiting_plans.c.recorded_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=waiting_plans)
    )
    records: list[PlanRecord] = [read(row.body, _TYPES[row.record]) for row in conn.execute(lost)]
    wait_no_more(conn, records)
    return records


def _row(record: PlanRecord, now: datetime) -> dict[str, Any]:
    return {
        "digest": record.digest,
        "record": type(record).__name__,
        "plan_id": record.plan_id,
        "revision": record.revision,
        "body": record,
        "recorded_at": now,
    }
