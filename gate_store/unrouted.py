"""Plans of runs that left the store, and that nobody asked about or cleared since."""

from collections.abc import Collection
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, exists, select

from gate_events.contracts import contract_of, first_contract_of
from gate_events.records import PlanProposed
from gate_store.dialects import among, word
from gate_store.own_requests import read_own
from gate_store.tables import outbox, own_requests, runs


def first_unrouted(
    conn: Connection, behind: UUID | None, limit: int
) -> tuple[list[PlanProposed], UUID | None]:
    """What runs proposed and a relay is done with, by event id, those `behind` one.

    Also behind which the next ones are; None: these are the last.
    """
    contracts = {each(PlanProposed).fingerprint.hex() for each in (contract_of, first_contract_of)}
    waits = exists().where(outbox.c.event_id == own_requests.c.event_id)
    left = select(own_requests).where(own_requests.c.contract.in_(contracts), ~waits)
    if behind is not None:
        left = left.where(own_requests.c.event_id > behind)
    rows = conn.execute(left.order_by(own_requests.c.event_id).limit(limit)).all()
    plans = [plan for row in rows if (plan := read_own(row, PlanProposed)) is not None]
    return plans, rows[-1].event_id if len(rows) == limit else None


def paused_since(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, datetime]:
    """Since when runs wait at those of these plans at which they still do."""
    waits = (among(conn, runs.c.plan_id, plan_ids), runs.c.status == word("PAUSED"))
    found = conn.execute(select(runs.c.plan_id, runs.c.updated_at).where(*waits)) if plan_ids else ()
    return {row.plan_id: row.updated_at for row in found}
