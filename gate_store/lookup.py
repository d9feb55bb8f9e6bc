"""Finds a gate by the beginning of an id, and what became of a decision."""

from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested
from gate_store.dispositions import Disposition, Fate
from gate_store.tables import decisions, gates, runs


class NoSuchGateError(LookupError):
    """{found} gates match {beginning!r}; {mend}."""

    def __init__(self, beginning: str, found: int) -> None:
        mend = "give more of the id" if found else "`plangate pending` shows the gates that wait"
        super().__init__(f"{found or 'no'} gates match {beginning!r}; {mend}")


def pending_gate(conn: Connection, beginning: str) -> ApprovalRequested:
    """The one gate that waits whose id, or whose plan's id, begins so. Raises NoSuchGateError."""
    waiting = conn.execute(select(gates.c.gate_id, gates.c.plan_id).where(gates.c.state == "PENDING")).all()
    found = [row.gate_id for row in waiting if any(str(id_).startswith(beginning) for id_ in row)]
    if len(found) != 1:
        raise NoSuchGateError(beginning, len(found))
    request = conn.execute(select(gates.c.request).where(gates.c.gate_id == found[0])).scalar_one()
    return msgspec.convert(request, ApprovalRequested)


def plan_of(conn: Connection, beginning: str) -> UUID:
    """The one plan with such a beginning, or one of whose gates has it. Raises NoSuchGateError."""
    rows = conn.execute(select(gates.c.gate_id, gates.c.plan_id)).all()
    running = conn.execute(select(runs.c.plan_id, runs.c.plan_id).where(runs.c.plan_id.is_not(None))).all()
    found = {row[1] for row in [*rows, *running] if any(str(id_).startswith(beginning) for id_ in row)}
    if len(found) != 1:
        raise NoSuchGateError(beginning, len(found))
    plan: UUID = found.pop()
    return plan


def disposition_of(conn: Connection, decision_id: UUID) -> Disposition | None:
    """What became of a decision; None while the gatekeeper has not seen it."""
    row = conn.execute(
        select(decisions.c.disposition, decisions.c.why).where(decisions.c.decision_id == decision_id)
    ).first()
    return None if row is None else Disposition(decision_id, Fate(row.disposition), row.why)
