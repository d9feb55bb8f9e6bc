"""How far a run's plan has come, as its own run's row and gates tell: an agent's role reads both."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select

from gate_events.ids import proposal_id
from gate_events.words import GateState, RequestKind, Timing
from gate_store.queued_plans import queued_threads
from gate_store.tables import gates, outbox, runs


class PlanState(StrEnum):
    """PUBLISHED: nobody has taken it yet. REFUSED: it is a dead letter. OPEN: its gate waits for a decision.

    QUEUED: it is asked about once its agent has fewer open gates. DECIDED: its gate is closed. CLEARED: it
    needed none. ENDED, FAILED: its run has.
    """

    PUBLISHED = "PUBLISHED"
    REFUSED = "REFUSED"
    QUEUED = "QUEUED"
    OPEN = "OPEN"
    DECIDED = "DECIDED"
    CLEARED = "CLEARED"
    ENDED = "ENDED"
    FAILED = "FAILED"


class Hop(StrEnum):
    """Whose turn it is: to take it to KAFKA out of the store, as the ROUTER, as the GATEKEEPER."""

    KAFKA = "kafka"
    ROUTER = "router"
    GATEKEEPER = "gatekeeper"


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """`hop`: where a published plan waits; the store cannot tell the router from the gatekeeper behind it.

    `why`: why it was refused, or its run failed. `decided`: the state of its gate, once that is closed, and
    `again` whether there was a gate before it.
    """

    state: PlanState
    gate_id: UUID | None = None
    hop: Hop | None = None
    why: str = ""
    decided: GateState | None = None
    again: bool = False


def whereabouts(conn: Connection, thread_id: str, plan_id: UUID) -> Whereabouts:
    """How far the plan has come that a run was paused at."""
    columns = (runs.c.status, runs.c.plan_id, runs.c.error)
    run = conn.execute(select(*columns).where(runs.c.thread_id == thread_id)).one_or_none()
    if run is None or run.plan_id != plan_id:  # it went on from there
        return _answered(conn, thread_id, plan_id)
    match run.status:
        case "PAUSED":
            return _paused(conn, thread_id, plan_id, run.error)
        case "DONE":
            return _at(_gate(conn, thread_id, plan_id), PlanState.ENDED)
        case "FAILED" | "STALE":
            return _at(_gate(conn, thread_id, plan_id), PlanState.FAILED, run.error)
    return _answered(conn, thread_id, plan_id)


def _paused(conn: Connection, thread_id: str, plan_id: UUID, error: str) -> Whereabouts:
    if gate := _gate(conn, thread_id, plan_id):
        return _at(gate, PlanState.OPEN if gate.state == "PENDING" else PlanState.DECIDED)
    if queued_threads(conn, [thread_id]):
        return Whereabouts(PlanState.QUEUED)
    waits = select(outbox.c.event_id).where(outbox.c.event_id == proposal_id(plan_id))
    if conn.execute(waits).first():
        return Whereabouts(PlanState.PUBLISHED, hop=Hop.KAFKA)
    if error:
        return Whereabouts(PlanState.REFUSED, why=error)
    return Whereabouts(PlanState.PUBLISHED, hop=Hop.ROUTER)


def _answered(conn: Connection, thread_id: str, plan_id: UUID) -> Whereabouts:
    if gate := _gate(conn, thread_id, plan_id):
        return _at(gate, PlanState.DECIDED)
    return Whereabouts(PlanState.CLEARED)


def _gate(conn: Connection, thread_id: str, plan_id: UUID) -> Row[*tuple[Any, ...]] | None:
    """The gate at which it is asked whether the plan may run; of several the newest."""
    asks_before = (gates.c.kind == RequestKind.PLAN.value, gates.c.timing == Timing.BEFORE.value)
    ours = (gates.c.plan_id == plan_id, gates.c.thread_id == thread_id)  # others may have taken the id
    asked = select(gates.c.gate_id, gates.c.state, gates.c.attempt).where(*ours, *asks_before)
    return conn.execute(asked.order_by(gates.c.attempt.desc()).limit(1)).first()


def _at(gate: Row[*tuple[Any, ...]] | None, state: PlanState, why: str = "") -> Whereabouts:
    if gate is None:
        return Whereabouts(state, why=why)
    decided = None if gate.state == "PENDING" else GateState(gate.state)
    return Whereabouts(state, gate.gate_id, why=why, decided=decided, again=gate.attempt > 1)
