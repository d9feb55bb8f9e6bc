"""The traces that the store has of plans which records speak about."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Column, Connection, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted
from gate_events.trace_context import well_formed
from gate_store.dialects import among
from gate_store.tables import gates, runs

Heard = ApprovalRequested | PlanCleared | DecisionMade | PlanExecuted


def kept_traces(conn: Connection, records: Sequence[Heard]) -> list[str | None]:
    """The traceparent of each record's plan; None: the store has none.

    A decision belongs to its gate; what routers and executors say to the run that paused with that plan, or
    else to the plan's first gate.
    """
    decided = {record.request_id for record in records if isinstance(record, DecisionMade)}
    of_runs = {record.plan_id for record in records if not isinstance(record, DecisionMade) and record.run}
    of_services = {
        record.plan_id for record in records if not isinstance(record, DecisionMade) and not record.run
    }
    by_gate = _kept(conn, gates.c.gate_id, decided)
    by_plan = {**_kept(conn, gates.c.plan_id, of_services), **_kept(conn, runs.c.plan_id, of_runs)}
    return [
        by_gate.get(record.request_id) if isinstance(record, DecisionMade) else by_plan.get(record.plan_id)
        for record in records
    ]


def trace_of_gate(conn: Connection, gate_id: UUID) -> str | None:
    """The traceparent that a gate keeps."""
    return _kept(conn, gates.c.gate_id, {gate_id}).get(gate_id)


def _kept(conn: Connection, key: Column[Any], wanted: set[UUID]) -> dict[UUID, str]:
    """Of several rows of one key the oldest counts."""
    if not wanted:
        return {}
    table = key.table
    newest_first = (table.c.requested_at if table is gates else table.c.updated_at).desc()
    rows = conn.execute(
        select(key.label("key"), table.c.traceparent)
        .where(among(conn, key, wanted), table.c.traceparent.is_not(None))
        .order_by(newest_first)
    )
    return {row.key: kept for row in rows if (kept := well_formed(row.traceparent))}
