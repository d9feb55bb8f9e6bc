"""Which EXPIRE is the clock's and which SUPERSEDE the gate's own: what the store itself would say."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared
from gate_events.words import DeciderKind, DecisionKind
from gate_store.clock import expiry, expiry_id
from gate_store.dialects import among, read, whole
from gate_store.doubted import settled_doubts
from gate_store.doubts import SETTLED_BY
from gate_store.said import Said
from gate_store.superseding import (
    ASKS_BEFORE,
    EXECUTED,
    NEWER_ATTEMPT,
    NEWER_PLAN,
    NEWER_REVISION,
    asks_before,
    executed,
    is_executed,
    newer_plan,
    order_in_thread,
    supersede,
)
from gate_store.tables import clearances, gates

_EARLY = "{} the deadline {} had not come; the clock says it again when it has"
_FORGED = "the {} says no such thing about this gate"
_TAKEN_ID = "its id is that of the clock's own word about this gate; decide again under another id"

Words = Mapping[UUID, DecisionMade]
"""What the gate may say, by event id; `decided_at` left out of account."""


def speaks_as_ours(decision: DecisionMade) -> bool:
    """Whether it claims to be a word of the clock or of the gate itself."""
    return (decision.kind, decision.decider) in (
        (DecisionKind.EXPIRE, DeciderKind.CLOCK),
        (DecisionKind.SUPERSEDE, DeciderKind.GATE),
    )


def takes_our_id(decision: DecisionMade) -> str | None:
    """Why nobody but the clock may say something under this id."""
    ours = speaks_as_ours(decision) and decision.kind is DecisionKind.EXPIRE
    return _TAKEN_ID if decision.event_id == expiry_id(decision.request_id) and not ours else None


def disproof(said: Said, request: ApprovalRequested, words: Words, now: datetime) -> str | None:
    """Why a word that claims to be of the clock or the gate is not; None: it is.

    `words` as `superseding_words` found them.
    """
    decision = said.decision
    if decision.kind is DecisionKind.SUPERSEDE:
        word = words.get(decision.event_id)
        return None if word and _same(word, decision, request) else _FORGED.format("gate")
    if decision != expiry(request):
        return _FORGED.format("clock")
    deadline = request.review.terms.deadline
    for when, moment in (("when it came", said.moment), ("by our clock", now)):
        if moment < deadline:
            return _EARLY.format(when, deadline.isoformat())
    return None


def _same(word: DecisionMade, decision: DecisionMade, request: ApprovalRequested) -> bool:
    """Words are dated when they are said, and a settled doubt is told in several ways."""
    note = decision.note if request.in_doubt else word.note
    return decision == msgspec.structs.replace(word, decided_at=decision.decided_at, note=note)


def superseding_words(conn: Connection, requests: Sequence[ApprovalRequested], notes: Iterable[str]) -> Words:
    """Each SUPERSEDE of these gates for which the store knows a reason, where `notes` say which.

    A thread may have had any number of plans: only those that a note names are looked at.
    """
    plans = [request for request in requests if asks_before(request)]  # no newer one ends another question
    doubts = [request for request in requests if request.in_doubt is not None]
    named = {plan for note in notes if (plan := newer_plan(note))}
    said = (*_of_plans(conn, plans, named), *_of_doubts(conn, doubts))
    return {word.event_id: word for word in said}


def _of_plans(
    conn: Connection, asked: Sequence[ApprovalRequested], named: Collection[UUID]
) -> Iterator[DecisionMade]:
    if not asked:
        return
    plans = {request.plan_id for request in asked}
    newer = _gates_of(conn, {*plans, *named})
    cleared, ran = _cleared(conn, plans), executed(conn, plans)
    for request in asked:
        at = request.requested_at
        for rival in newer[request.plan_id]:
            if rival.revision > request.revision:
                yield supersede(request, rival.request_id, at, NEWER_REVISION.format(rival.revision))
            elif rival.revision == request.revision and rival.attempt > request.attempt:
                yield supersede(request, rival.request_id, at, NEWER_ATTEMPT.format(rival.request_id))
        for rival in newer[request.run.thread_id] if request.run else ():
            if rival.plan_id != request.plan_id and order_in_thread(rival) > order_in_thread(request):
                yield supersede(request, rival.request_id, at, NEWER_PLAN.format(rival.plan_id))
        for word in cleared[request.plan_id]:
            if word.revision > request.revision:
                yield supersede(request, word.event_id, at, NEWER_REVISION.format(word.revision))
        if is_executed(request, ran.get(request.plan_id, ())):
            yield supersede(request, "outcome", at, EXECUTED)


def _gates_of(conn: Connection, plans: Collection[UUID]) -> defaultdict[UUID | str, list[ApprovalRequested]]:
    """Every gate of these plans, open or closed, by plan and by thread."""
    of_them = among(conn, gates.c.plan_id, plans)
    found: defaultdict[UUID | str, list[ApprovalRequested]] = defaultdict(list)
    for stored in conn.execute(select(whole(gates.c.request)).where(*ASKS_BEFORE, of_them)).scalars():
        request = read(stored, ApprovalRequested)
        found[request.plan_id].append(request)
        if request.run:
            found[request.run.thread_id].append(request)
    return found


def _cleared(conn: Connection, plans: Collection[UUID]) -> defaultdict[UUID, list[PlanCleared]]:
    by_router = select(whole(clearances.c.record)).where(
        among(conn, clearances.c.plan_id, plans), clearances.c.gate_id.is_(None)
    )
    found = defaultdict(list)
    for record in conn.execute(by_router).scalars():
        word = read(record, PlanCleared)
        found[word.plan_id].append(word)
    return found


def _of_doubts(conn: Connection, asked: Sequence[ApprovalRequested]) -> Iterator[DecisionMade]:
    if not asked:
        return
    told_to_end = set(
        conn.execute(
            select(gates.c.gate_id).where(
                among(conn, gates.c.gate_id, {request.request_id for request in asked}),
                gates.c.expiry_asked_at < gates.c.deadline,  # the clock itself comes later
            )
        ).scalars()
    )
    over = told_to_end | settled_doubts(conn, asked)
    for request in asked:
        if request.request_id in over:
            for source in SETTLED_BY:
                yield supersede(request, source, request.requested_at, "")
