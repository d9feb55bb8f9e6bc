"""Approval requests open gates."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, and_, or_, select

from gate_events.names import name_key
from gate_events.records import ApprovalRequested
from gate_events.trace_context import cause_of
from gate_events.words import DecisionKind, GateState
from gate_store import outbox
from gate_store.bulk import insert_new
from gate_store.dialects import among, lock_names, word
from gate_store.doubts import answered_doubts
from gate_store.said import AS_SAID, Said, as_said
from gate_store.superseding import asks_before, outdated, overtaken, superseded
from gate_store.tables import decisions, gates


def open_gates(conn: Connection, requests: Sequence[ApprovalRequested], now: datetime) -> list[Said]:
    """Open a gate for each request that has none.

    Returns the WAITING decisions, in log order, that have their gate now: apply them next, in the same
    transaction. Gates that a newer one replaces get their SUPERSEDE through the outbox.
    """
    if not requests:
        return []
    by_gate = {request.request_id: request for request in reversed(requests)}  # the first of equals
    lock_names(conn, {request.plan_id for request in requests}, by_gate)  # an outcome may be coming
    there = set(conn.execute(select(gates.c.gate_id).where(among(conn, gates.c.gate_id, by_gate))).scalars())
    fresh = [by_gate[gate] for gate in dict.fromkeys(r.request_id for r in requests) if gate not in there]
    insert_new(conn, gates, [_row(request) for request in fresh], "gate_id")
    proposals = [request for request in fresh if asks_before(request)]
    outbox.put(conn, superseded(conn, proposals), now)
    outbox.put(conn, answered_doubts(conn, fresh, now), now)
    plans = {request.plan_id for request in proposals}
    outbox.put(conn, [*overtaken(conn, plans), *outdated(conn, plans)], now)
    return _waiting(conn, requests)


def lock_gates(conn: Connection, gate_ids: Collection[UUID], plan_ids: Collection[UUID]) -> None:
    """Hold these gates, and all that are open about these plans, until the transaction ends."""
    of_plans = and_(among(conn, gates.c.plan_id, plan_ids), gates.c.state == word("PENDING"))
    wanted = select(gates.c.gate_id).where(or_(among(conn, gates.c.gate_id, gate_ids), of_plans))
    conn.execute(wanted.order_by(gates.c.gate_id).with_for_update()).all()


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
        "traceparent": cause_of((request.request_id, request.digest), request.plan_id),
        "proposer": name_key(request.proposer) if asks_before(request) else None,
        "agent": name_key(request.agent.name) if asks_before(request) else None,
    }


def waiting_for(conn: Connection, gate_ids: Collection[UUID]) -> list[Said]:
    """The decisions that wait for gates of these ids, in log order."""
    if not gate_ids:
        return []
    found = conn.execute(
        select(*AS_SAID)
        .where(among(conn, decisions.c.gate_id, gate_ids), decisions.c.disposition == word("WAITING"))
        .order_by(decisions.c.arrival)
    )
    return [as_said(row) for row in found]


def _waiting(conn: Connection, requests: Sequence[ApprovalRequested]) -> list[Said]:
    """What waits for these gates, and each SUPERSEDE that may have waited for them to take a place."""
    gate_ids = {request.request_id for request in requests}
    plans = {request.plan_id for request in requests}
    threads = {request.run.thread_id for request in requests if request.run}
    rivals = select(gates.c.gate_id).where(among(conn, gates.c.thread_id, threads))
    of_rivals = or_(among(conn, decisions.c.plan_id, plans), decisions.c.gate_id.in_(rivals))
    found = conn.execute(
        select(*AS_SAID)
        .where(decisions.c.disposition == word("WAITING"))
        .where(
            or_(
                among(conn, decisions.c.gate_id, gate_ids),
                and_(decisions.c.kind == DecisionKind.SUPERSEDE.value, of_rivals),
            )
        )
        .order_by(decisions.c.arrival)
    )
    return [as_said(row) for row in found]
