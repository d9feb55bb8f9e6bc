"""The verdict of a decision that closes its gate. Pure.

Request, decision and the catalogue in force determine it; a replay takes it from `verdicts` as it was.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import assert_never

import msgspec

from gate_events.digest import plan_digest, review_digest
from gate_events.errors import UnencodableError
from gate_events.ids import derived, request_id
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
    Record,
)
from gate_events.words import DecisionKind, GateState, RequestKind, Timing

LAST = 2**31 - 1  # the highest revision or attempt that records can carry


@dataclass(frozen=True, slots=True)
class AsEdited:
    """An edited plan may run; `policy` is the digest of the catalogue that judged it."""

    policy: str


Retier = Callable[[ApprovalRequested, DecisionMade], ApprovalRequested | AsEdited | str]
"""Tiers an edited plan again. A request: it needs this gate, of which what it became is not seen yet or asks
for more. Words: it is refused, and why."""

Undo = Callable[[ApprovalRequested, DecisionMade, PlanExecuted | None], PlanProposed | str]
"""The plan that takes an executed one back, or why there is none."""


@dataclass(frozen=True, slots=True)
class Closing:
    """The end of a gate, and what else has to be said on Kafka because of it."""

    request: ApprovalRequested
    decision: DecisionMade
    verdict: PlanDecided
    more: tuple[Record, ...] = ()


def close(
    request: ApprovalRequested,
    decision: DecisionMade,
    state: GateState,
    retier: Retier,
    undo: Callable[[ApprovalRequested, DecisionMade], PlanProposed | str],
) -> Closing | str:
    """End a gate by a decision that was ruled to do so; words say why it may not after all."""
    match decision.kind:
        case DecisionKind.EDIT:
            return _close_by_edit(request, decision, retier)
        case DecisionKind.UNDO:
            compensation = undo(request, decision)
            if isinstance(compensation, str):
                return compensation
            return Closing(request, decision, verdict(request, decision, state), (compensation,))
        case DecisionKind.EXPIRE if request.kind is RequestKind.IN_DOUBT:
            return Closing(request, decision, verdict(request, decision, state), (asked_again(request),))
        case DecisionKind.APPROVE if request.timing is Timing.BEFORE:
            return _proven(request) or Closing(request, decision, verdict(request, decision, state))
        case (
            DecisionKind.APPROVE
            | DecisionKind.REJECT
            | DecisionKind.RESPOND
            | DecisionKind.CONFIRM
            | DecisionKind.WITHDRAW
            | DecisionKind.EXPIRE
            | DecisionKind.SUPERSEDE
            | DecisionKind.RESOLVE
        ):
            return Closing(request, decision, verdict(request, decision, state))
        case (
            DecisionKind.ABSTAIN
            | DecisionKind.CLAIM
            | DecisionKind.RELEASE
            | DecisionKind.ASSIGN
            | DecisionKind.SNOOZE
            | DecisionKind.ADD_REVIEWER
            | DecisionKind.BREAK_GLASS
            | DecisionKind.GRANT
            | DecisionKind.REVOKE
            | DecisionKind.UNKNOWN
        ):
            raise AssertionError(f"{decision.kind.value} closes no gate")
    assert_never(decision.kind)


def _proven(request: ApprovalRequested) -> str | None:
    """What was seen is what runs: the request's digest must be that of the steps it shows."""
    try:
        real = plan_digest(request.plan_id, request.revision, request.steps, request.run)
    except UnencodableError as error:
        return str(error)
    return None if real == request.digest else "the request's digest is not that of its own steps"


def _close_by_edit(request: ApprovalRequested, decision: DecisionMade, retier: Retier) -> Closing | str:
    if request.revision == LAST:
        return f"revision {LAST} is the last that can be counted; propose the plan anew"
    tiered = retier(request, decision)
    if isinstance(tiered, str):
        return tiered
    if isinstance(tiered, ApprovalRequested):
        return Closing(request, decision, verdict(request, decision, GateState.SUPERSEDED), (tiered,))
    if (quorum := request.review.terms.quorum) > 1:
        return f"one person's edit cannot stand for {quorum} approvals; reject it with a note"
    try:
        return Closing(request, decision, _verdict_on_edit(request, decision, tiered.policy))
    except UnencodableError as error:
        return str(error)


def _verdict_on_edit(request: ApprovalRequested, edit: DecisionMade, policy: str) -> PlanDecided:
    """The word that lets the edited plan run. Raises UnencodableError where its steps have no digest."""
    steps, revision = edit.steps or (), request.revision + 1
    return msgspec.structs.replace(
        verdict(request, edit, GateState.APPROVED),
        revision=revision,
        digest=plan_digest(request.plan_id, revision, steps, request.run),
        steps=steps,
        policy=policy,
    )


def verdict(request: ApprovalRequested, decision: DecisionMade, state: GateState) -> PlanDecided:
    """The gate's final word about the plan as it was asked."""
    execute = (request.kind, request.timing, state) == (RequestKind.PLAN, Timing.BEFORE, GateState.APPROVED)
    return PlanDecided(
        event_id=derived("verdict", request.request_id, decision.event_id),
        request_id=request.request_id,
        decision_id=decision.event_id,
        kind=request.kind,
        timing=request.timing,
        plan_id=request.plan_id,
        revision=request.revision,
        digest=request.digest,
        state=state,
        execute=execute,
        steps=request.steps,
        run=request.run,
        decided_by=decision.decided_by,
        decided_at=decision.decided_at,
        note=decision.note,
        use_by=_use_by(request, decision) if execute else None,
        resolution=decision.resolution if decision.kind is DecisionKind.RESOLVE else None,
        policy=request.policy,
        attempt=request.attempt,
        review_digest=decision.review_digest,
        seen_at=decision.seen_at,
    )


def _use_by(request: ApprovalRequested, decision: DecisionMade) -> datetime | None:
    holds = request.review.terms.use_by_s
    return later(decision.decided_at, timedelta(seconds=holds)) if holds else None


def later(moment: datetime, span: timedelta) -> datetime:
    """`moment` and `span`; where the calendar ends, its end."""
    try:
        return moment + span
    except OverflowError:
        return datetime.max.replace(tzinfo=UTC)


def asked_again(request: ApprovalRequested, now: datetime | None = None) -> ApprovalRequested:
    """The same question once more, with as much time as before, from its deadline or from `now` on.

    One that was asked as often as can be counted is the same gate again, and so stays as it is.
    """
    terms, asked_at = request.review.terms, now or request.review.terms.deadline
    attempt = min(request.attempt + 1, LAST)
    step_id = request.in_doubt.step_id if request.in_doubt else ""
    gate = request_id(request.plan_id, request.revision, request.kind, request.timing, step_id, attempt)
    deadline = later(asked_at, terms.deadline - request.requested_at)
    review = msgspec.structs.replace(request.review, terms=msgspec.structs.replace(terms, deadline=deadline))
    return msgspec.structs.replace(
        request,
        event_id=derived("requested", gate),
        request_id=gate,
        attempt=attempt,
        requested_at=asked_at,
        review=review,
        review_digest=review_digest(review),
    )
