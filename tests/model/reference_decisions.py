"""What the laws say about single decisions: who may say what, when, and what only the store itself says."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec

from gate_events.digest import review_digest
from gate_events.ids import derived
from gate_events.names import name_key, unprintable
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DeciderKind, DecisionKind, RequestKind, Timing
from tests.model.universe import TOLERANCE

K = DecisionKind
_BEFORE = {K.APPROVE, K.EDIT, K.REJECT, K.RESPOND, K.WITHDRAW}
_AFTER = {K.CONFIRM, K.UNDO}
_WITHDRAWS = (DeciderKind.PERSON, DeciderKind.SERVICE, DeciderKind.PROPOSER)


@dataclass(frozen=True)
class Heard:
    """A decision that was recorded, the broker's moment, and what became of it."""

    said: DecisionMade
    at: datetime
    fate: str


def counts(said: DecisionMade, at: datetime) -> DecisionMade:
    """A decision's moment is the broker's."""
    return msgspec.structs.replace(said, decided_at=at)


def is_misdated(said: DecisionMade, at: datetime) -> bool:
    """Its own date is too far from the broker's."""
    return abs(said.decided_at - at) > TOLERANCE


def is_ours(said: DecisionMade) -> bool:
    """Whether it claims to be the clock's or the gate's own word."""
    return (said.kind, said.decider) in ((K.EXPIRE, DeciderKind.CLOCK), (K.SUPERSEDE, DeciderKind.GATE))


def takes_an_id(said: DecisionMade) -> bool:
    """The id of the clock's word is nobody else's."""
    clock = said.kind is K.EXPIRE and is_ours(said)
    return said.event_id == derived("expire", said.request_id) and not clock


def gates_own_word(
    said: DecisionMade,
    request: ApprovalRequested,
    words: Mapping[UUID, DecisionMade],
    at: datetime,
    now: datetime,
) -> bool:
    """Whether the store itself would say it now, to the letter but for its date."""
    word = words.get(said.event_id)
    if said.kind is K.EXPIRE:
        due = min(at, now) >= request.review.terms.deadline
        return due and said == clocks_word(request)
    if word is None:
        return False
    note = said.note if request.in_doubt else word.note
    return said == msgspec.structs.replace(word, decided_at=said.decided_at, note=note)


def clocks_word(request: ApprovalRequested) -> DecisionMade:
    """What the clock says of a gate past its deadline."""
    deadline = request.review.terms.deadline
    return DecisionMade(
        event_id=derived("expire", request.request_id),
        request_id=request.request_id,
        plan_id=request.plan_id,
        revision=request.revision,
        digest=request.digest,
        kind=K.EXPIRE,
        decided_at=deadline,
        decided_by="clock",
        decider=DeciderKind.CLOCK,
        note=f"nobody decided by {deadline.isoformat()}",
    )


def may_speak(request: ApprovalRequested, said: DecisionMade) -> bool:
    """Whether this speaker may say this kind of thing now."""
    deadline, who = request.review.terms.deadline, name_key(said.decided_by)
    if unprintable(said.decided_by) or _saw_another(request, said):
        return False
    if said.kind in (K.EXPIRE, K.SUPERSEDE):
        return is_ours(said)
    if said.decided_at > deadline or said.kind not in _answers(request):
        return False
    if said.kind is K.WITHDRAW:
        return who == name_key(request.proposer) and said.decider in _WITHDRAWS
    if said.kind not in request.review.terms.allowed:
        return False
    return who not in _proposers(request) and _reviews(request, said, who)


def _saw_another(request: ApprovalRequested, said: DecisionMade) -> bool:
    """Who says what was seen, saw what was asked; an EDIT says what it became."""
    seen = said.review_digest
    return said.kind is not K.EDIT and seen not in (None, review_digest(request.review))


def _answers(request: ApprovalRequested) -> set[DecisionKind]:
    if request.kind is RequestKind.IN_DOUBT:
        return {K.RESOLVE}
    return _BEFORE if request.timing is Timing.BEFORE else _AFTER


def _proposers(request: ApprovalRequested) -> set[str]:
    """The proposer and the agent never decide on their own plan."""
    return {name_key(request.proposer), name_key(request.agent.name)}


def _reviews(request: ApprovalRequested, said: DecisionMade, who: str) -> bool:
    listed = {name_key(each) for each in request.review.terms.reviewers}
    if said.decider is DeciderKind.PERSON:
        return not listed or who in listed
    return said.decider is DeciderKind.SERVICE and who in listed
