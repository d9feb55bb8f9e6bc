"""What the end of a gate makes true, besides the decision itself."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Connection

from gate_events.pause import answer_to_verdict
from gate_events.records import ApprovalRequested, PlanProposed, Record
from gate_events.words import DecisionKind, GateState, RequestKind, Timing
from gate_store import outbox
from gate_store.afterwards import follow_clearances
from gate_store.bindings import Answered, make_ready
from gate_store.bulk import update_rows
from gate_store.clearing import Clearance, clear, uncleared
from gate_store.own_requests import forget
from gate_store.plan_owners import note_proposed, note_revisions
from gate_store.planned_effects import forget_planned
from gate_store.resolving import hand_on_doubts, resolve
from gate_store.restores import last_restore, told_of
from gate_store.revocations import revoke_older
from gate_store.superseding import asks_before
from gate_store.tables import gates
from gate_store.undo_plans import note_edited_undo_plans, note_undo_plans
from gate_store.verdicts import Closing


class GateChangedError(RuntimeError):
    """{count} gates were closed by somebody else while they were locked; the transaction must be undone."""

    def __init__(self, count: int) -> None:
        super().__init__(
            f"{count} gates were closed by somebody else while they were locked;"
            " the transaction must be undone"
        )
        self.count = count


def carry_out(conn: Connection, closings: Sequence[Closing], now: datetime) -> None:
    """Close the gates, clear what may run, hand runs their answers, settle doubts, tell Kafka."""
    if not closings:
        return
    _close(conn, closings)
    cleared = [_clearance(each) for each in closings if each.verdict.execute]
    fresh = uncleared(conn, [each.record.digest for each in cleared])
    restore = last_restore(conn)
    clear(conn, cleared, now, restore)
    follow_clearances(conn, fresh, {each.record.plan_id for each in cleared}, now)
    make_ready(conn, [answered for each in closings if (answered := _answer(each))], now)
    _note_edits(conn, closings, now)
    hand_on_doubts(conn, closings)
    resolve(conn, [each for each in closings if each.decision.kind is DecisionKind.RESOLVE], now)
    before = told_of(conn, [str(each.verdict.event_id) for each in closings]) if restore else set()
    said: list[Record] = [
        record
        for each in closings
        for record in (each.verdict, *each.more)
        if str(record.event_id) not in before
    ]
    outbox.put(conn, said, now)
    undos = [
        (each.request, made) for each in closings for made in each.more if isinstance(made, PlanProposed)
    ]
    note_proposed(conn, [plan for _, plan in undos], now)
    note_undo_plans(conn, undos)
    forget(conn, [plan.event_id for _, plan in undos])  # it is no run's
    over = [each.request for each in closings if asks_before(each.request) and not _lets_run(each)]
    forget_planned(conn, {request.digest for request in over})


def _note_edits(conn: Connection, closings: Sequence[Closing], now: datetime) -> None:
    """What an edit made of a plan is its next revision, and its proposer's as before."""
    edited = [(each.request, made) for each in closings for made in _made(each)]
    note_revisions(conn, [record for both in edited for record in both], now)
    note_edited_undo_plans(conn, edited)
    revoke_older(conn, [made for _, made in edited], now)


def _made(each: Closing) -> Iterator[ApprovalRequested]:
    """The revision after the one that was asked: it may run, or is asked about."""
    request, verdict = each.request, each.verdict
    if verdict.revision > request.revision:
        yield replace(request, revision=verdict.revision, digest=verdict.digest, steps=verdict.steps)
    for record in each.more:
        if isinstance(record, ApprovalRequested) and record.revision > request.revision:
            yield record


def _close(conn: Connection, closings: Sequence[Closing]) -> None:
    rows = [_ended(each) for each in closings]
    closed = update_rows(conn, gates, rows, ["gate_id"], gates.c.state == "PENDING")
    if closed != len(rows):
        raise GateChangedError(len(rows) - closed)


def _ended(each: Closing) -> dict[str, object]:
    return {"gate_id": each.request.request_id, "state": each.verdict.state.value, "verdict": each.verdict}


def _clearance(each: Closing) -> Clearance:
    gate: UUID = each.request.request_id
    verdict = each.verdict
    return Clearance(verdict, gate, verdict.decided_at, verdict.use_by, each.request.attempt)


def _lets_run(each: Closing) -> bool:
    """Whether what was asked may run, as it was asked."""
    return each.verdict.execute and each.verdict.digest == each.request.digest


def _answer(each: Closing) -> Answered | None:
    """The graph hears every end but one: of a superseded gate the newer one speaks."""
    asked = (each.verdict.kind, each.verdict.timing)
    if each.request.run is None or asked != (RequestKind.PLAN, Timing.BEFORE):
        return None
    if each.verdict.state is GateState.SUPERSEDED:
        return None
    return Answered(each.request.run, answer_to_verdict(each.verdict), each.verdict.execute)
