"""Finds a gate by the beginning of an id, and what became of a decision."""

from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, DecisionMade
from gate_store.dispositions import Disposition, Fate
from gate_store.docket import content_id
from gate_store.said import AS_SAID, as_said
from gate_store.tables import clearances, decisions, gates, runs


class NoSuchGateError(LookupError):
    """{found} gates match {beginning!r}; {mend}."""

    def __init__(self, beginning: str, found: int) -> None:
        what = f"{found} gates match" if found else "no gate that waits matches"
        mend = "give more of the id" if found else "`plangate pending` shows those that wait"
        super().__init__(f"{what} {beginning!r}; {mend}")


class NoSuchPlanError(NoSuchGateError):
    """{found} plans match {beginning!r}; {mend}."""

    def __init__(self, beginning: str, found: int) -> None:
        what = f"{found} plans match" if found else "no plan and no gate matches"
        mend = "give more of the id" if found else "`plangate pending` and `plangate runs` show ids"
        LookupError.__init__(self, f"{what} {beginning!r}; {mend}")


class GateClosedError(NoSuchGateError):
    """Gate {gate_id} is {state}; {mend}."""

    def __init__(self, gate_id: UUID, state: str) -> None:
        LookupError.__init__(
            self, f"gate {gate_id} is {state} already; `plangate show {gate_id}` tells who decided"
        )


def pending_gate(conn: Connection, beginning: str) -> ApprovalRequested:
    """The one gate that waits whose id, or whose plan's id, begins so.

    Raises NoSuchGateError, GateClosedError.
    """
    rows = conn.execute(select(gates.c.gate_id, gates.c.plan_id, gates.c.state)).all()
    named = [row for row in rows if _begins(beginning, row.gate_id, row.plan_id)]
    waiting = [row.gate_id for row in named if row.state == "PENDING"]
    if not waiting and len(named) == 1:
        raise GateClosedError(named[0].gate_id, named[0].state)
    if len(waiting) != 1:
        raise NoSuchGateError(beginning, len(waiting))
    request = conn.execute(select(gates.c.request).where(gates.c.gate_id == waiting[0])).scalar_one()
    return msgspec.convert(request, ApprovalRequested)


def plan_of(conn: Connection, beginning: str) -> UUID:
    """The one plan with such a beginning, or one of whose gates has it. Raises NoSuchPlanError."""
    known = [(row.plan_id, row.gate_id) for row in conn.execute(select(gates.c.gate_id, gates.c.plan_id))]
    for table in (clearances, runs, decisions):
        known += [(plan, plan) for plan in conn.execute(select(table.c.plan_id)).scalars() if plan]
    found = {plan for plan, gate in known if _begins(beginning, plan, gate)}
    if len(found) != 1:
        raise NoSuchPlanError(beginning, len(found))
    plan: UUID = found.pop()
    return plan


def _begins(beginning: str, *ids: UUID) -> bool:
    """Whether an id begins so, with or without dashes."""
    wanted = beginning.replace("-", "").lower()
    return bool(wanted) and any(id_.hex.startswith(wanted) for id_ in ids)


def disposition_of(conn: Connection, decision: DecisionMade) -> Disposition | None:
    """What became of a decision; None while the gatekeeper has not seen it, or has another under its id."""
    columns = (decisions.c.decision_id, decisions.c.disposition, decisions.c.why, *AS_SAID)
    rows = conn.execute(
        select(*columns).where(decisions.c.decision_id.in_([decision.event_id, content_id(decision)]))
    )
    found = next((row for row in rows if as_said(row).decision == decision), None)
    return Disposition(decision.event_id, Fate(found.disposition), found.why) if found else None
