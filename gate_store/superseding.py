"""Which open gates a newer one replaces: an older revision or attempt, an older plan of the thread."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, or_, select

from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted
from gate_events.words import DeciderKind, DecisionKind, OutcomeStatus, RequestKind, Timing
from gate_store.dialects import among, read, whole, word
from gate_store.tables import clearances, gates, plan_outcomes

ASKS_BEFORE = (gates.c.kind == "PLAN", gates.c.timing == "BEFORE")
_RAN = (plan_outcomes.c.attempt > 0, plan_outcomes.c.status != OutcomeStatus.NOT_RUN.value)
EXECUTED = "the plan has an outcome already"
NEWER_REVISION = "revision {} of the plan took its place"
NEWER_ATTEMPT = "it was asked anew as {}"
NEWER_PLAN = "plan {} of the same run took its place"


def asks_before(request: ApprovalRequested) -> bool:
    """Whether it asks if a plan may run."""
    return (request.kind, request.timing) == (RequestKind.PLAN, Timing.BEFORE)


def newer_plan(note: str) -> UUID | None:
    """The plan that took a place, as the note of a SUPERSEDE names it; None: it names none."""
    before, after = NEWER_PLAN.split("{}")
    try:
        return UUID(note.removeprefix(before).removesuffix(after))
    except ValueError:
        return None


def superseded(conn: Connection, opened: Sequence[ApprovalRequested]) -> list[DecisionMade]:
    """The SUPERSEDE decisions that newly opened gates bring about, for themselves too if they came late."""
    if not opened:
        return []
    pending = _rivals(conn, opened)
    said = [*_by_plan(pending, _newest(conn, opened)), *_by_thread(pending)]
    return list({decision.request_id: decision for decision in reversed(said)}.values())


def overtaken(conn: Connection, plan_ids: Collection[UUID]) -> list[DecisionMade]:
    """The SUPERSEDE of each open question whether a plan may run that has run already.

    What ran was cleared, and is of the same revision or a newer one. A run that failed may be asked about
    once more: what it did at an earlier attempt does not answer that.
    """
    ran = plan_outcomes
    found = conn.execute(
        select(whole(gates.c.request).label("request"), whole(ran.c.record).label("outcome"))
        .join_from(gates, ran, gates.c.plan_id == ran.c.plan_id)
        .join(clearances, (clearances.c.digest == ran.c.digest) & (clearances.c.plan_id == ran.c.plan_id))
        .where(among(conn, gates.c.plan_id, plan_ids), gates.c.state == word("PENDING"), *ASKS_BEFORE)
        .where(clearances.c.revision >= gates.c.revision)
        .where(or_(gates.c.thread_id.is_(None), ran.c.attempt >= gates.c.attempt))
        .where(*_RAN)
    )
    said = [
        supersede(
            read(row.request, ApprovalRequested),
            "outcome",
            read(row.outcome, PlanExecuted).executed_at,
            EXECUTED,
        )
        for row in found
    ]
    return list({decision.request_id: decision for decision in said}.values())


def executed(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, list[tuple[int, int]]]:
    """Of each plan the revisions that were cleared and have an outcome of having run, with its attempt."""
    ran = (
        select(clearances.c.plan_id, clearances.c.revision, plan_outcomes.c.attempt)
        .join_from(clearances, plan_outcomes, clearances.c.digest == plan_outcomes.c.digest)
        .where(clearances.c.plan_id == plan_outcomes.c.plan_id)
        .where(among(conn, clearances.c.plan_id, plan_ids))
        .where(*_RAN)
    )
    found: defaultdict[UUID, list[tuple[int, int]]] = defaultdict(list)
    for row in conn.execute(ran):
        found[row.plan_id].append((row.revision, row.attempt))
    return found


def is_executed(request: ApprovalRequested, ran: Iterable[tuple[int, int]]) -> bool:
    """Whether what was executed, by revision and attempt, leaves nothing to ask; as `overtaken` says it."""
    return any(
        revision >= request.revision and (request.run is None or attempt >= request.attempt)
        for revision, attempt in ran
    )


def outdated(conn: Connection, plan_ids: Collection[UUID]) -> list[DecisionMade]:
    """The SUPERSEDE of each open question about a revision older than one that the router cleared."""
    found = conn.execute(
        select(whole(gates.c.request).label("request"), whole(clearances.c.record).label("cleared"))
        .join_from(gates, clearances, gates.c.plan_id == clearances.c.plan_id)
        .where(among(conn, gates.c.plan_id, plan_ids), gates.c.state == word("PENDING"), *ASKS_BEFORE)
        .where(clearances.c.gate_id.is_(None), clearances.c.revision > gates.c.revision)
        .order_by(clearances.c.revision)
    )
    newer = [(read(row.request, ApprovalRequested), read(row.cleared, PlanCleared)) for row in found]
    said = [
        supersede(old, new.event_id, new.cleared_at, NEWER_REVISION.format(new.revision))
        for old, new in newer
    ]
    return list({decision.request_id: decision for decision in said}.values())


def newer_questions(conn: Connection, requests: Iterable[ApprovalRequested]) -> dict[UUID, str]:
    """What took the place of each of these questions, by gate, where something did.

    That is a newer revision, asked about or cleared by the router, or a later attempt at this one. A run's
    plan has neither beside an open question: only an edit makes a revision, and ends it.
    """
    asked = [each for each in requests if each.run is None and asks_before(each)]
    plans = {each.plan_id for each in asked}
    if not plans:
        return {}
    of_gates = select(gates.c.plan_id, gates.c.revision, gates.c.attempt, gates.c.gate_id).where(
        among(conn, gates.c.plan_id, plans), *ASKS_BEFORE
    )
    by_router = select(
        clearances.c.plan_id, clearances.c.revision, clearances.c.attempt, clearances.c.gate_id
    )
    by_router = by_router.where(among(conn, clearances.c.plan_id, plans), clearances.c.gate_id.is_(None))
    newest = {
        row.plan_id: row
        for row in conn.execute(of_gates.union(by_router).order_by("plan_id", "revision", "attempt"))
    }
    took = {each.request_id: _what_took_its_place(each, newest.get(each.plan_id)) for each in asked}
    return {gate: what for gate, what in took.items() if what is not None}


def _what_took_its_place(older: ApprovalRequested, newest: Row[*tuple[Any, ...]] | None) -> str | None:
    if newest is None:
        return None
    if newest.revision > older.revision:
        return NEWER_REVISION.format(newest.revision)
    if newest.revision == older.revision and newest.attempt > older.attempt:
        return NEWER_ATTEMPT.format(newest.gate_id)
    return None


def supersede(older: ApprovalRequested, newer: UUID | str, at: datetime, note: str) -> DecisionMade:
    """The gate's own word that something newer took its place; the same however often it is said."""
    return DecisionMade(
        event_id=derived("supersede", older.request_id, newer),
        request_id=older.request_id,
        plan_id=older.plan_id,
        revision=older.revision,
        digest=older.digest,
        kind=DecisionKind.SUPERSEDE,
        decided_at=at,
        decided_by="gate",
        decider=DeciderKind.GATE,
        note=note,
    )


def _rivals(conn: Connection, opened: Sequence[ApprovalRequested]) -> list[ApprovalRequested]:
    plans = {request.plan_id for request in opened}
    threads = {request.run.thread_id for request in opened if request.run}
    found = conn.execute(
        select(whole(gates.c.request)).where(
            gates.c.state == word("PENDING"),
            *ASKS_BEFORE,
            or_(among(conn, gates.c.plan_id, plans), among(conn, gates.c.thread_id, threads)),
        )
    )
    return [read(request, ApprovalRequested) for request in found.scalars()]


def _newest(conn: Connection, opened: Sequence[ApprovalRequested]) -> dict[UUID, Row[*tuple[Any, ...]]]:
    """The newest gate of each plan, open or closed."""
    found = conn.execute(
        select(gates.c.plan_id, gates.c.gate_id, gates.c.revision, gates.c.attempt, gates.c.requested_at)
        .where(among(conn, gates.c.plan_id, {request.plan_id for request in opened}), *ASKS_BEFORE)
        .order_by(gates.c.revision, gates.c.attempt)
    )
    return {row.plan_id: row for row in found}


def _by_plan(
    pending: Iterable[ApprovalRequested], newest: dict[UUID, Row[*tuple[Any, ...]]]
) -> Iterator[DecisionMade]:
    for request in pending:
        newer = newest.get(request.plan_id)
        if newer is not None and (note := _what_took_its_place(request, newer)):
            yield supersede(request, newer.gate_id, newer.requested_at, note)


def _by_thread(pending: Iterable[ApprovalRequested]) -> Iterator[DecisionMade]:
    threads = defaultdict(list)
    for request in pending:
        if request.run:
            threads[request.run.thread_id].append(request)
    for rivals in threads.values():
        newest = max(rivals, key=order_in_thread)
        for request in rivals:
            if request.plan_id != newest.plan_id:
                note = NEWER_PLAN.format(newest.plan_id)
                yield supersede(request, newest.request_id, newest.requested_at, note)


def order_in_thread(request: ApprovalRequested) -> tuple[str, datetime, str]:
    """Of plans of one run the last by this order is the newest."""
    checkpoint = request.run.checkpoint_id if request.run else ""
    return checkpoint, request.requested_at, str(request.request_id)
