"""Plans that the router cleared to run."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import Connection

from gate_events.pause import answer_to_cleared
from gate_events.records import PlanCleared
from gate_store import outbox
from gate_store.afterwards import follow_clearances, no_window_keys
from gate_store.bindings import Answered, make_ready
from gate_store.clearing import Clearance, clear, new_ones
from gate_store.dialects import lock_names
from gate_store.executions import await_outcomes
from gate_store.restores import last_restore
from gate_store.superseding import outdated
from gate_store.told_effects import WindowKeys


def record_cleared(
    conn: Connection,
    cleared: Sequence[PlanCleared],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
    appended: Mapping[str, datetime] | None = None,
) -> None:
    """Let cleared plans run, and hand their paused runs the answer; a redelivery changes nothing.

    They are the gatekeeper's own judgement: claims were held against the store before (`plan_claims`).
    `window_keys` as in `record_outcomes`, for an outcome that was faster; `appended` are the broker's
    moments by digest, where it keeps them.
    """
    if not cleared:
        return
    lock_names(conn, {each.plan_id for each in cleared})
    fresh = new_ones(conn, cleared)
    said_at = appended or {}
    words = (Clearance(each, None, each.cleared_at, None, said_at=said_at.get(each.digest)) for each in fresh)
    clear(conn, list(words), now, last_restore(conn))
    paused = [(each, each.run) for each in fresh if each.run]
    make_ready(conn, [Answered(run, answer_to_cleared(each), may_run=True) for each, run in paused], now)
    await_outcomes(conn, fresh)
    digests, plans = {each.digest for each in fresh}, {each.plan_id for each in fresh}
    follow_clearances(conn, digests, plans, now, window_keys)
    outbox.put(conn, outdated(conn, {each.plan_id for each in fresh}), now)
