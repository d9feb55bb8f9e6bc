"""Which plans the gatekeeper made of an UNDO, and what became of each.

That a plan takes something back is believed of these alone: anybody may propose one that says so.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, case, exists, literal, select, update

from gate_events.digest import plan_digest
from gate_events.records import ApprovalRequested, PlanProposed
from gate_store.bulk import insert_new
from gate_store.clearance_states import attempt_ended, ran
from gate_store.dialects import among
from gate_store.tables import clearances, effects, gates, plan_outcomes, undo_plans

View = dict[str, Any]

NOT_TAKEN, ASKED, CLEARED, BEGUN, IN_DOUBT = "PUBLISHED", "OPEN", "CLEARED", "BEGUN", "IN_DOUBT"


def note_undo_plans(conn: Connection, made: Iterable[tuple[ApprovalRequested, PlanProposed]]) -> None:
    """Note what was made of the UNDO of these requests.

    A plan that undoes an undo belongs to the graph of the first.
    """
    pairs = list(made)
    known = _noted(conn, {request.digest for request, _ in pairs if request.run is None})
    rows = [
        {
            "digest": plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run),
            "plan_id": plan.plan_id,
            "gate_id": request.request_id,
            "graph": request.run.graph if request.run else _graph(known.get(request.digest)),
            "ended_at": None,
        }
        for request, plan in pairs
    ]
    insert_new(conn, undo_plans, rows, "digest")


def note_edited_undo_plans(
    conn: Connection, edited: Iterable[tuple[ApprovalRequested, ApprovalRequested]]
) -> None:
    """Note what a reviewer's EDIT made of undo plans; of other plans it makes none."""
    pairs = list(edited)
    known = _noted(conn, {request.digest for request, _ in pairs})
    rows = [
        {**known[request.digest]._mapping, "digest": made.digest, "ended_at": None}
        for request, made in pairs
        if request.digest in known
    ]
    insert_new(conn, undo_plans, rows, "digest")


def note_ended_undo_plans(conn: Connection, digests: Collection[str], now: datetime) -> None:
    """Note which of these plans, so far as they are undo plans, are over; a later attempt goes on.

    One of which nothing ran is not: a gatekeeper of before, which takes no mark off, may clear it again.
    """
    if not digests:
        return
    of_these = among(conn, undo_plans.c.digest, digests)
    is_over = exists().where(clearances.c.digest == undo_plans.c.digest, attempt_ended(), ran())
    ended, goes_on = undo_plans.c.ended_at.is_(None) & is_over, undo_plans.c.ended_at.is_not(None) & ~is_over
    at = case((is_over, literal(now, undo_plans.c.ended_at.type)), else_=None)
    conn.execute(update(undo_plans).where(of_these, ended | goes_on).values(ended_at=at))


def undo_graph(conn: Connection, request: ApprovalRequested) -> str | None:
    """The graph whose functions may undo what this request asks about; None: a service's, whoever that is."""
    return request.run.graph if request.run else _graph(_noted(conn, {request.digest}).get(request.digest))


def undo_plan_of(conn: Connection, gate_id: UUID) -> View | None:
    """The plan that was made of this gate's UNDO, and how it stands; None: none is known."""
    return next(iter(_views(conn, undo_plans.c.gate_id == gate_id)), None)


def undo_plans_of(conn: Connection, plan_id: UUID) -> list[View]:
    """The plans that take steps of this one back, as `plan_id`, `gate_id` and `state`, in the order asked."""
    own = select(gates.c.gate_id).where(gates.c.plan_id == plan_id)
    return _views(conn, undo_plans.c.gate_id.in_(own))


def undone_by(conn: Connection, plan_id: UUID) -> str | None:
    """The plan of which this one takes steps back; None: it is no undo plan."""
    found = conn.execute(
        select(gates.c.plan_id)
        .join_from(undo_plans, gates, gates.c.gate_id == undo_plans.c.gate_id)
        .where(undo_plans.c.plan_id == plan_id)
    ).first()
    return str(found.plan_id) if found else None


def _noted(conn: Connection, digests: Collection[str]) -> dict[str, Row[*tuple[Any, ...]]]:
    if not digests:
        return {}
    found = conn.execute(select(undo_plans).where(among(conn, undo_plans.c.digest, digests)))
    return {row.digest: row for row in found}


def _graph(row: Row[*tuple[Any, ...]] | None) -> str | None:
    return row.graph if row is not None else None


def _views(conn: Connection, which: Any) -> list[View]:
    found = conn.execute(
        select(undo_plans.c.plan_id, undo_plans.c.gate_id)
        .join_from(undo_plans, gates, gates.c.gate_id == undo_plans.c.gate_id)
        .where(which)
        .order_by(gates.c.requested_at, undo_plans.c.plan_id)
    )
    plans = {row.plan_id: row.gate_id for row in found}
    return [
        {"plan_id": str(plan_id), "gate_id": str(gate_id), **_state(conn, plan_id)}
        for plan_id, gate_id in plans.items()
    ]


def _state(conn: Connection, plan_id: UUID) -> View:
    """How far it came: the outcome, else its effects, its clearance, its gate."""
    asked = conn.execute(
        select(gates.c.gate_id, gates.c.state)
        .where(gates.c.plan_id == plan_id)
        .order_by(gates.c.requested_at.desc(), gates.c.attempt.desc())
    ).all()
    open_gate = next((str(row.gate_id) for row in asked if row.state == "PENDING"), None)
    outcomes = select(plan_outcomes.c.status).where(plan_outcomes.c.plan_id == plan_id)
    told: Sequence[str] = conn.execute(outcomes.order_by(plan_outcomes.c.recorded_at.desc())).scalars().all()
    begun = set(conn.execute(select(effects.c.state).where(effects.c.plan_id == plan_id)).scalars())
    cleared = conn.execute(select(clearances.c.digest).where(clearances.c.plan_id == plan_id)).first()
    if IN_DOUBT in begun:
        state = IN_DOUBT
    elif told:
        state = told[0]
    elif begun:
        state = BEGUN
    elif open_gate:
        state = ASKED
    elif cleared:
        state = CLEARED
    else:
        state = asked[0].state if asked else NOT_TAKEN
    return {"state": state, "open_gate": open_gate}
