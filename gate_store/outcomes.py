"""What became of plans."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection

from gate_events.records import PlanExecuted
from gate_events.words import OutcomeStatus
from gate_store import outbox
from gate_store.afterwards import WindowKeys, follow_up, no_window_keys
from gate_store.bulk import insert_new
from gate_store.dialects import lock_names
from gate_store.superseding import overtaken
from gate_store.tables import outcomes


def record_outcomes(
    conn: Connection,
    executed: Sequence[PlanExecuted],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
) -> None:
    """Keep the first outcome of each plan; a redelivery changes nothing. BEGUN is no outcome yet.

    The effects of services go into the ledger under the catalogue's `window_keys`, a cleared plan with a
    review is asked about now, and an open question whether the plan may run is closed: it has.
    """
    executed = [each for each in executed if each.status is not OutcomeStatus.BEGUN]
    if not executed:
        return
    by_plan = {each.plan_id: each for each in reversed(executed)}
    lock_names(conn, by_plan)
    insert_new(conn, outcomes, [_row(each, now) for each in by_plan.values()], "plan_id")
    follow_up(conn, by_plan.keys(), now, window_keys)
    outbox.put(conn, overtaken(conn, by_plan), now)


def _row(each: PlanExecuted, now: datetime) -> dict[str, Any]:
    return {
        "plan_id": each.plan_id,
        "event_id": each.event_id,
        "status": each.status.value,
        "recorded_at": now,
        "record": each,
    }
