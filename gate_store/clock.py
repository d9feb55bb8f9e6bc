"""What time brings about. Nothing here changes a gate: the clock only speaks on `decisions`, like anyone."""

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, and_, delete, exists, func, or_, select, update

from gate_events.ids import derived
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DeciderKind, DecisionKind
from gate_store import outbox
from gate_store.clearance_states import begun, begun_by_word, ran
from gate_store.dialects import among, read, whole, word
from gate_store.paging import first_rows
from gate_store.tables import clearances, decisions, effects, executions, gates
from gate_store.verdicts import asked_again


def ask_expiry(conn: Connection, now: datetime, limit: int = 500) -> int:
    """Say EXPIRE, once, for gates past their deadline; returns how many. The decision closes the gate."""
    due = (
        select(whole(gates.c.request))
        .where(gates.c.state == word("PENDING"), gates.c.deadline <= now, gates.c.expiry_asked_at.is_(None))
        .order_by(gates.c.deadline)
    )
    late = _take(conn, due, limit)
    outbox.put(conn, [expiry(request) for request in late], now)
    _mark(conn, late, expiry_asked_at=now)
    return len(late)


def ask_expiry_again(conn: Connection, now: datetime, after: timedelta, limit: int = 500) -> int:
    """Say EXPIRE once more for gates that stand though it was said `after` ago; returns how many.

    A gatekeeper whose clock is behind did not take it. It is the same record: where it only waits, it is
    a redelivery.
    """
    unheard = (
        select(whole(gates.c.request))
        .where(gates.c.state == word("PENDING"), gates.c.deadline <= now)
        .where(gates.c.expiry_asked_at <= now - after)
        .order_by(gates.c.deadline)
    )
    standing = _take(conn, unheard, limit)
    outbox.put(conn, [expiry(request) for request in standing], now)
    _mark(conn, standing, expiry_asked_at=now)
    return len(standing)


# the plan has an index
_CLEARED_BY = and_(clearances.c.gate_id == gates.c.gate_id, clearances.c.plan_id == gates.c.plan_id)
SILENT_FOR = timedelta(minutes=10)  # without a word of BEGUN


EditedAgain = Callable[[Connection, Sequence[str], datetime], Iterable[ApprovalRequested]]
"""The questions about what edits made of plans, by digest, in the words of that."""


def ask_again(conn: Connection, now: datetime, edited_again: EditedAgain, limit: int = 500) -> int:
    """Ask anew about approved plans of services that nobody began, or ended, in time; returns how many.

    A begun plan has time until its clearance's `begun_until`, while a step is being done or in doubt, and
    while its executor says that it is at it; then the rest is asked about, under the same digest. An edited
    plan is asked about as edited. Runs are the resumer's to ask about.
    """
    of_plan = exists().where(effects.c.plan_id == gates.c.plan_id)
    at_it = (executions.c.plan_id == gates.c.plan_id, executions.c.digest == clearances.c.digest)
    open_still = of_plan.where(effects.c.state.in_([word("CLAIMED"), word("IN_DOUBT")]))
    heard = select(func.max(executions.c.heard_at)).where(*at_it).scalar_subquery()
    rest = and_(
        clearances.c.begun_until <= now,
        or_(heard.is_(None), heard <= now - SILENT_FOR),
        ~open_still,
    )
    stale = (
        select(whole(gates.c.request).label("request"), clearances.c.digest)
        .join_from(gates, clearances, _CLEARED_BY)
        .where(gates.c.ask_again_at <= now, gates.c.asked_again_at.is_(None))
        .where(~ran(), or_(~or_(begun(), begun_by_word()), rest))
        .order_by(gates.c.ask_again_at)
    )
    _done_with(conn, now)
    found = conn.execute(stale.limit(limit).with_for_update(skip_locked=True, of=gates)).all()
    unused = {row.digest: read(row.request, ApprovalRequested) for row in found}
    edited = sorted(digest for digest, request in unused.items() if digest != request.digest)
    as_asked = [asked_again(request, now) for digest, request in unused.items() if digest == request.digest]
    outbox.put(conn, [*as_asked, *(edited_again(conn, edited, now) if edited else ())], now)
    _mark(conn, list(unused.values()), asked_again_at=now, ask_again_at=None)
    return len(unused)


def _done_with(conn: Connection, now: datetime, limit: int = 1_000) -> None:
    """What is past its use-by and has ended, or was asked about otherwise, is looked at this once."""
    still = exists().where(_CLEARED_BY, ~ran())
    over = (
        select(gates.c.gate_id)
        .where(gates.c.ask_again_at <= now, or_(gates.c.asked_again_at.is_not(None), ~still))
        .order_by(gates.c.ask_again_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    ids = conn.execute(over).scalars().all()
    if ids:
        conn.execute(update(gates).where(among(conn, gates.c.gate_id, ids)).values(ask_again_at=None))


def settle_waiting(
    conn: Connection, now: datetime, patience: timedelta, limit: int = 500
) -> list[tuple[DecisionMade, str]]:
    """Give up decisions whose request did not come within `patience`, with the reason, for dead-letters.

    Their rows go, so that a replay from there is a new delivery. Commit after they are published. A word of
    the clock or the gate may wait at an open gate too, for its reason: the store never had it.
    """
    opened = exists().where(gates.c.gate_id == decisions.c.gate_id)
    judged_at_once = decisions.c.kind.not_in([DecisionKind.EXPIRE.value, DecisionKind.SUPERSEDE.value])
    lost = (
        select(decisions.c.decision_id, opened.label("opened"), whole(decisions.c.record).label("record"))
        .where(decisions.c.disposition == word("WAITING"), decisions.c.recorded_at <= now - patience)
        .where(~and_(opened, judged_at_once))
        .order_by(decisions.c.arrival)
        .limit(limit)
        .with_for_update(skip_locked=True, of=decisions)
    )
    found, _ = first_rows(conn, lost, "record")
    ids = [row.decision_id for row in found]
    conn.execute(delete(decisions).where(among(conn, decisions.c.decision_id, ids)))
    given_up = [(read(row.record, DecisionMade), row.opened) for row in found]
    return [(one, _UNSAID if there else _no_request(one, patience)) for one, there in given_up]


_UNSAID = "the store had no reason to say so: only its own clock ends a gate, or a newer one takes its place"


def _no_request(decision: DecisionMade, waited: timedelta) -> str:
    gate = decision.request_id
    return f"no approval request {gate} came within {waited}; check the ids and decide again"


def _take(conn: Connection, due: Select[Any], limit: int) -> list[ApprovalRequested]:
    """Rows that another clock holds are its to speak about."""
    found = conn.execute(due.limit(limit).with_for_update(skip_locked=True, of=gates))
    return [read(request, ApprovalRequested) for request in found.scalars()]


def _mark(conn: Connection, requests: Sequence[ApprovalRequested], **asked_at: datetime | None) -> None:
    ids: list[UUID] = [request.request_id for request in requests]
    conn.execute(update(gates).where(among(conn, gates.c.gate_id, ids)).values(**asked_at))


def expiry(request: ApprovalRequested) -> DecisionMade:
    """The clock's word on a gate: the same record however often, and by whichever clock, it is said."""
    deadline = request.review.terms.deadline
    return DecisionMade(
        event_id=expiry_id(request.request_id),
        request_id=request.request_id,
        plan_id=request.plan_id,
        revision=request.revision,
        digest=request.digest,
        kind=DecisionKind.EXPIRE,
        decided_at=deadline,
        decided_by="clock",
        decider=DeciderKind.CLOCK,
        note=f"nobody decided by {deadline.isoformat()}",
    )


def expiry_id(gate_id: UUID) -> UUID:
    """The id of the clock's word on a gate, which nobody else's decision may carry."""
    return derived("expire", gate_id)
