"""Plans that the router cleared to run."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from gate_events.digest import plan_digest
from gate_events.errors import UnencodableError
from gate_events.pause import answer_to_cleared
from gate_events.records import PlanCleared
from gate_store import outbox
from gate_store.afterwards import WindowKeys, follow_up, no_window_keys
from gate_store.bindings import Answered, Pause, bind, make_ready
from gate_store.clearing import Clearance, clear, new_ones
from gate_store.dialects import among, lock_names
from gate_store.superseding import outdated
from gate_store.tables import gates


def record_cleared(
    conn: Connection,
    cleared: Sequence[PlanCleared],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
) -> dict[UUID, str]:
    """Let cleared plans run, and hand their paused runs the answer; a redelivery changes nothing.

    `window_keys` as in `record_outcomes`, for an outcome that was faster. Returns, by event_id, why a
    record was refused: its digest is not that of its steps, or a human was asked about this very plan.
    """
    if not cleared:
        return {}
    refused = {each.event_id: why for each in cleared if (why := _doubt(each))}
    lock_names(conn, {each.plan_id for each in cleared})
    refused |= _before_people(conn, cleared)
    sound = [each for each in cleared if each.event_id not in refused]
    if not sound:
        return refused
    fresh = new_ones(conn, sound)
    clear(conn, [Clearance(each, None, each.cleared_at, None) for each in fresh])
    paused = [(each, each.run) for each in fresh if each.run]
    bind(conn, [Pause(run, each.plan_id) for each, run in paused], now)
    make_ready(conn, [Answered(run, answer_to_cleared(each), may_run=True) for each, run in paused], now)
    follow_up(conn, {each.plan_id for each in fresh}, now, window_keys)
    outbox.put(conn, outdated(conn, {each.plan_id for each in fresh}), now)
    return refused


def _before_people(conn: Connection, cleared: Sequence[PlanCleared]) -> dict[UUID, str]:
    """A plan proposed twice may be judged twice, and differently: the stricter way stands."""
    found = conn.execute(
        select(gates.c.digest, gates.c.gate_id).where(
            among(conn, gates.c.plan_id, {each.plan_id for each in cleared}),
            gates.c.kind == "PLAN",
            gates.c.timing == "BEFORE",
        )
    )
    asked = {row.digest: row.gate_id for row in found}
    why = "a human was asked about this plan at gate {}: only the verdict clears it"
    return {each.event_id: why.format(asked[each.digest]) for each in cleared if each.digest in asked}


def _doubt(cleared: PlanCleared) -> str | None:
    try:
        real = plan_digest(cleared.plan_id, cleared.revision, cleared.steps, cleared.run)
    except UnencodableError as error:
        return str(error)
    return None if real == cleared.digest else "its digest is not that of its own steps"
