"""Plans that the router cleared to run."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection

from gate_events.digest import plan_digest
from gate_events.errors import UnencodableError
from gate_events.pause import answer_to_cleared
from gate_events.records import PlanCleared
from gate_store.afterwards import WindowKeys, follow_up, no_window_keys
from gate_store.bindings import Answered, Pause, bind, make_ready
from gate_store.clearing import Clearance, clear, new_ones
from gate_store.dialects import lock_names


def record_cleared(
    conn: Connection,
    cleared: Sequence[PlanCleared],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
) -> dict[UUID, str]:
    """Let cleared plans run, and hand their paused runs the answer; a redelivery changes nothing.

    `window_keys` as in `record_outcomes`, for an outcome that was faster. Returns, by event_id, why a
    record was refused: its digest is not that of its steps.
    """
    refused = {each.event_id: why for each in cleared if (why := _doubt(each))}
    sound = [each for each in cleared if each.event_id not in refused]
    if not sound:
        return refused
    lock_names(conn, {each.plan_id for each in sound})
    fresh = new_ones(conn, sound)
    clear(conn, [Clearance(each, None, each.cleared_at, None) for each in fresh])
    paused = [(each, each.run) for each in fresh if each.run]
    bind(conn, [Pause(run, each.plan_id) for each, run in paused], now)
    make_ready(conn, [Answered(run, answer_to_cleared(each), may_run=True) for each, run in paused], now)
    follow_up(conn, {each.plan_id for each in fresh}, now, window_keys)
    return refused


def _doubt(cleared: PlanCleared) -> str | None:
    try:
        real = plan_digest(cleared.plan_id, cleared.revision, cleared.steps, cleared.run)
    except UnencodableError as error:
        return str(error)
    return None if real == cleared.digest else "its digest is not that of its own steps"
