"""Finds a gate or a plan by the beginning of an id, and what became of a decision."""

import re
from collections.abc import Collection, Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Column, ColumnElement, Connection, false, select, union

from gate_events.records import ApprovalRequested, DecisionMade, PlanDecided
from gate_store.dialects import among
from gate_store.dispositions import Disposition, Fate
from gate_store.docket import content_id
from gate_store.said import AS_SAID, as_said
from gate_store.tables import clearances, decisions, gates, queued_plans, runs

_HEX = re.compile("[0-9a-f]{1,32}")
_ENOUGH = 50  # gates of one plan, or of one beginning


class NoSuchGateError(LookupError):
    """{found} gates match {beginning!r}; {mend}."""

    def __init__(self, beginning: str, found: int) -> None:
        what = f"{found} gates match" if found else "no gate that waits matches"
        mend = "give more of it" if found else "`plangate pending` shows those that wait"
        super().__init__(f"{what} {beginning!r}; {mend}")


class NoSuchPlanError(NoSuchGateError):
    """{found} plans match {beginning!r}; {mend}."""

    def __init__(self, beginning: str, found: int) -> None:
        what = f"{found} plans match" if found else "no plan and no gate matches"
        mend = "give more of it" if found else "`plangate pending` and `plangate runs` show ids"
        LookupError.__init__(self, f"{what} {beginning!r}; {mend}")


class GateClosedError(NoSuchGateError):
    """Gate {gate_id} is {state}; {mend}."""

    def __init__(self, gate_id: UUID, state: str) -> None:
        LookupError.__init__(
            self, f"gate {gate_id} is {state} already; `plangate show {gate_id}` tells who decided"
        )
        self.gate_id, self.state = gate_id, state


def waiting_gate(conn: Connection, beginning: str) -> ApprovalRequested:
    """The one gate whose id begins so, and it waits. Raises NoSuchGateError, GateClosedError.

    A gate that is closed counts, too: plan ids are chosen, so that two gates may be made to begin alike, and
    what was shown may be withdrawn before it is decided on.
    """
    return _waiting(conn, _begins(gates.c.gate_id, beginning), beginning, gates.c.gate_id)


def waiting_gate_of_plan(conn: Connection, beginning: str) -> ApprovalRequested:
    """The one gate that waits of the one plan whose id begins so. Raises NoSuchGateError, GateClosedError."""
    return _waiting(conn, _begins(gates.c.plan_id, beginning), beginning, gates.c.plan_id)


def waiting_gate_with(conn: Connection, digest: str) -> ApprovalRequested:
    """The one gate that waits, of those that ask about the steps with such a digest; else as above."""
    same = gates.c.digest.startswith(digest.lower(), autoescape=True)
    return _waiting(conn, same, digest, gates.c.digest)


def _waiting(
    conn: Connection, named: ColumnElement[bool], beginning: str, of: Column[Any]
) -> ApprovalRequested:
    """The one that waits of the gates that are named; none where they are of several values of `of`."""
    newest = select(gates.c.gate_id, gates.c.state, of.label("of")).order_by(gates.c.requested_at.desc())
    rows = conn.execute(newest.where(named).limit(_ENOUGH)).all()
    waiting = [row.gate_id for row in rows if row.state == "PENDING"]
    if len({row.of for row in rows}) > 1:
        raise NoSuchGateError(beginning, len(rows))
    if not waiting and len(rows) == 1:
        raise GateClosedError(rows[0].gate_id, rows[0].state)
    if len(waiting) != 1:
        raise NoSuchGateError(beginning, len(waiting))
    request = conn.execute(select(gates.c.request).where(gates.c.gate_id == waiting[0])).scalar_one()
    return msgspec.convert(request, ApprovalRequested)


def verdict_at(conn: Connection, gate_id: UUID) -> PlanDecided | None:
    """The verdict of a gate; None: it is open, or not there."""
    verdict = conn.execute(select(gates.c.verdict).where(gates.c.gate_id == gate_id)).scalar()
    return msgspec.convert(verdict, PlanDecided) if verdict else None


def plan_of(conn: Connection, beginning: str) -> UUID:
    """The one plan with such a beginning, or one of whose gates has it. Raises NoSuchPlanError.

    A whole id is a gate's where there is such a gate: a proposer may choose a gate's id for a plan.
    """
    if found := _plans(conn, beginning, [gates.c.gate_id]) if _is_whole(beginning) else set():
        return found.pop()
    waits = (queued_plans.c.gate_id, queued_plans.c.plan_id)
    indexed = (gates.c.gate_id, gates.c.plan_id, clearances.c.plan_id, runs.c.plan_id, *waits)
    found = _plans(conn, beginning, indexed) or _plans(conn, beginning, [decisions.c.plan_id])
    if len(found) != 1:
        raise NoSuchPlanError(beginning, len(found))
    plan: UUID = found.pop()
    return plan


def _plans(conn: Connection, beginning: str, columns: Sequence[Column[Any]]) -> set[UUID]:
    """Two at most: more of them say no more."""
    selects = (select(each.table.c.plan_id).where(_begins(each, beginning)) for each in columns)
    return set(conn.execute(union(*selects).limit(2)).scalars())


def _is_whole(id_: str) -> bool:
    return len(id_.replace("-", "")) == len(UUID(int=0).hex)


def _begins(column: Column[Any], beginning: str) -> ColumnElement[bool]:
    """Whether an id begins so, with or without dashes: a range, which an index finds."""
    digits = beginning.replace("-", "").lower()
    if not _HEX.fullmatch(digits):
        return false()
    return column.between(UUID(hex=digits.ljust(32, "0")), UUID(hex=digits.ljust(32, "f")))


def dispositions_of(conn: Connection, decision_ids: Collection[UUID]) -> dict[UUID, Disposition]:
    """What became of decisions whose ids nobody else uses, of those that the gatekeeper has seen."""
    columns = (decisions.c.decision_id, decisions.c.disposition, decisions.c.why)
    rows = conn.execute(select(*columns).where(among(conn, decisions.c.decision_id, decision_ids)))
    return {row.decision_id: Disposition(row.decision_id, Fate(row.disposition), row.why) for row in rows}


def disposition_of(conn: Connection, decision: DecisionMade) -> Disposition | None:
    """What became of a decision; None while the gatekeeper has not seen it, or has another under its id."""
    columns = (decisions.c.decision_id, decisions.c.disposition, decisions.c.why, *AS_SAID)
    rows = conn.execute(
        select(*columns).where(decisions.c.decision_id.in_([decision.event_id, content_id(decision)]))
    )
    found = next((row for row in rows if as_said(row).decision == decision), None)
    return Disposition(decision.event_id, Fate(found.disposition), found.why) if found else None
