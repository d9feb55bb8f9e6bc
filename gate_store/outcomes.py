"""What became of plans."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, PlanExecuted
from gate_store import outbox
from gate_store.afterwards import WindowKeys, follow_up, no_window_keys
from gate_store.bulk import insert_new
from gate_store.dialects import among, lock_names, read, whole
from gate_store.superseding import supersede
from gate_store.tables import gates, outcomes


def record_outcomes(
    conn: Connection,
    executed: Sequence[PlanExecuted],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
) -> None:
    """Keep the first outcome of each plan; a redelivery changes nothing.

    The effects of services go into the ledger under the catalogue's `window_keys`, a cleared plan with a
    review is asked about now, and an open question whether the plan may run is closed: it has.
    """
    if not executed:
        return
    by_plan = {each.plan_id: each for each in reversed(executed)}
    lock_names(conn, by_plan)
    insert_new(conn, outcomes, [_row(each, now) for each in by_plan.values()], "plan_id")
    follow_up(conn, by_plan.keys(), now, window_keys)
    _close_questions(conn, by_plan, now)


def _row(each: PlanExecuted, now: datetime) -> dict[str, Any]:
    return {
        "plan_id": each.plan_id,
        "event_id": each.event_id,
        "status": each.status.value,
        "recorded_at": now,
        "record": each,
    }


def _close_questions(conn: Connection, by_plan: dict[Any, PlanExecuted], now: datetime) -> None:
    found = conn.execute(
        select(whole(gates.c.request)).where(
            among(conn, gates.c.plan_id, by_plan),
            gates.c.state == "PENDING",
            gates.c.timing == "BEFORE",
            gates.c.kind == "PLAN",
        )
    )
    asked = [read(request, ApprovalRequested) for request in found.scalars()]
    note = "the plan has an outcome already"
    said = [supersede(one, "outcome", by_plan[one.plan_id].executed_at, note) for one in asked]
    outbox.put(conn, said, now)
