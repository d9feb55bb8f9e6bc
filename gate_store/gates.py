"""Approval requests open gates."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import GateState, RequestKind, Timing
from gate_store import outbox
from gate_store.bindings import Pause, bind
from gate_store.bulk import insert_new
from gate_store.dialects import among, lock_names, read, whole, word
from gate_store.doubts import answered_doubts
from gate_store.superseding import outdated, overtaken, superseded
from gate_store.tables import decisions, gates


def open_gates(conn: Connection, requests: Sequence[ApprovalRequested], now: datetime) -> list[DecisionMade]:
    """Open a gate for each request that has none, and bind its paused run.

    Returns the WAITING decisions, in log order, that have their gate now: apply them next, in the same
    transaction. Gates that a newer one replaces get their SUPERSEDE through the outbox.
    """
    if not requests:
        return []
    by_gate = {request.request_id: request for request in reversed(requests)}  # the first of equals
    lock_names(conn, {*by_gate, *(request.plan_id for request in requests)})  # an outcome may be coming
    there = set(conn.execute(select(gates.c.gate_id).where(among(conn, gates.c.gate_id, by_gate))).scalars())
    fresh = [by_gate[gate] for gate in dict.fromkeys(r.request_id for r in requests) if gate not in there]
    insert_new(conn, gates, [_row(request) for request in fresh], "gate_id")
    proposals = [request for request in fresh if asks_before(request)]
    bind(conn, [Pause(request.run, request.plan_id) for request in proposals if request.run], now)
    outbox.put(conn, superseded(conn, proposals), now)
    outbox.put(conn, answered_doubts(conn, fresh, now), now)
    plans = {request.plan_id for request in proposals}
    outbox.put(conn, [*overtaken(conn, plans), *outdated(conn, plans)], now)
    return _waiting(conn, list(by_gate))


def asks_before(request: ApprovalRequested) -> bool:
    """Whether it asks if a plan may run."""
    return (request.kind, request.timing) == (RequestKind.PLAN, Timing.BEFORE)


def _row(request: ApprovalRequested) -> dict[str, Any]:
    return {
        "gate_id": request.request_id,
        "plan_id": request.plan_id,
        "revision": request.revision,
        "digest": request.digest,
        "kind": request.kind.value,
        "timing": request.timing.value,
        "attempt": request.attempt,
        "state": GateState.PENDING.value,
        "thread_id": request.run.thread_id if request.run else None,
        "deadline": request.review.terms.deadline,
        "requested_at": request.requested_at,
        "request": request,
    }


def _waiting(conn: Connection, gate_ids: Sequence[UUID]) -> list[DecisionMade]:
    found = conn.execute(
        select(whole(decisions.c.record))
        .where(among(conn, decisions.c.gate_id, gate_ids), decisions.c.disposition == word("WAITING"))
        .order_by(decisions.c.arrival)
    )
    return [read(record, DecisionMade) for record in found.scalars()]
