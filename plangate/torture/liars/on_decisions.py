"""Lies on `decisions`: words of the clock and the gate, ids of others, names spelled anew.

Never in a listed reviewer's name, nor in the proposer's own as it is written: until decisions are signed only
the broker's ACL tells those from the true ones.
"""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import msgspec

from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.topics import APPROVAL_REQUESTS, DECISIONS
from gate_events.words import DeciderKind, DecisionKind, RequestKind, Resolution, Timing
from gate_store.database import utc_now
from plangate.torture.liars.lie import LIAR, Heard, Pen, lie
from plangate.torture.liars.on_requests import approved

SPELLINGS: tuple[Callable[[str], str], ...] = (
    str.upper,
    str.title,
    lambda name: f"{name} ",
    lambda name: f"\u00a0{name}",
    lambda name: f"{name}\u200b",
    lambda name: f"{name[:3]}\u00ad{name[3:]}",
    lambda name: name.replace(" ", "  "),
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in name),
)


def _asks_before(heard: Heard) -> bool:
    return (heard.record.kind, heard.record.timing) == (RequestKind.PLAN, Timing.BEFORE)


def _clock(asked: ApprovalRequested, **changed: Any) -> DecisionMade:
    deadline = asked.review.terms.deadline
    words = {
        "event_id": derived("expire", asked.request_id),
        "kind": DecisionKind.EXPIRE,
        "decider": DeciderKind.CLOCK,
        "decided_by": "clock",
        "decided_at": deadline,
        "note": f"nobody decided by {deadline.isoformat()}",
    }
    return approved(asked, **{**words, **changed})


@lie(APPROVAL_REQUESTS.name, is_true_later=True)
def expired_early(heard: Heard, pen: Pen) -> Sequence[Any]:  # noqa: ARG001 - one of KINDS
    """The clock's own record, letter by letter, before its time."""
    return (_clock(heard.record),)


@lie(APPROVAL_REQUESTS.name)
def expired_far_in_the_future(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Under an id of his own, dated years ahead."""
    at = utc_now() + timedelta(days=3650)
    return (_clock(heard.record, event_id=derived("lie", "expire", pen.number), decided_at=at),)


@lie(APPROVAL_REQUESTS.name)
def superseded_by_nothing(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The gate's word that something newer took its place, though nothing did."""
    newer = pen.plan_id
    words = {"kind": DecisionKind.SUPERSEDE, "decider": DeciderKind.GATE, "decided_by": "gate"}
    note = "revision 2 of the plan took its place"
    name = derived("supersede", heard.record.request_id, newer)
    return (approved(heard.record, event_id=name, **words, note=note),)


@lie(APPROVAL_REQUESTS.name)
def id_of_the_clock_taken(heard: Heard, pen: Pen) -> Sequence[Any]:  # noqa: ARG001 - one of KINDS
    """A decision that must be refused, under the id that the clock's word will have."""
    asked: ApprovalRequested = heard.record
    return (approved(asked, event_id=derived("expire", asked.request_id), kind=DecisionKind.REJECT),)


@lie(APPROVAL_REQUESTS.name)
def id_of_the_gate_taken(heard: Heard, pen: Pen) -> Sequence[Any]:  # noqa: ARG001 - one of KINDS
    """The same with the id of the word that the next attempt takes its place."""
    asked: ApprovalRequested = heard.record
    newer = request_id(asked.plan_id, asked.revision, asked.kind, asked.timing, attempt=asked.attempt + 1)
    name = derived("supersede", asked.request_id, newer)
    return (approved(asked, event_id=name, kind=DecisionKind.REJECT),)


@lie(DECISIONS.name)
def id_of_a_decision_used_again(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A reviewer's decision id, at another gate, in the liar's name."""
    others = [each for each in pen.learned.asked if each.plan_id != heard.record.plan_id]
    if not others or heard.record.decider is not DeciderKind.PERSON:
        return ()
    return (approved(pen.dice.choice(others), event_id=heard.record.event_id),)


@lie(APPROVAL_REQUESTS.name)
def proposer_spelled_anew(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The proposer, or the agent, approves where anybody else may."""
    asked: ApprovalRequested = heard.record
    if not _asks_before(heard) or asked.review.terms.reviewers:
        return ()
    names = [spelled for name in (asked.proposer, asked.agent.name) for spelled in _spellings(name)]
    names.append(asked.agent.name)  # as it is written: the planner is no reviewer either
    name = pen.dice.choice(names)
    return (approved(asked, event_id=derived("lie", pen.number), decided_by=name),)


def _spellings(name: str) -> list[str]:
    return [spelled for spell in SPELLINGS if (spelled := spell(name)) != name]


@lie(APPROVAL_REQUESTS.name)
def withdrawn_by_another(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Somebody who did not propose it withdraws the plan."""
    decider = pen.dice.choice((DeciderKind.PROPOSER, DeciderKind.PERSON))
    words = {"kind": DecisionKind.WITHDRAW, "decider": decider}
    return (approved(heard.record, event_id=derived("lie", pen.number), **words),)


@lie(APPROVAL_REQUESTS.name)
def doubt_settled_by_another(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Somebody who is no reviewer says what became of an effect."""
    if heard.record.kind is not RequestKind.IN_DOUBT or not heard.record.review.terms.reviewers:
        return ()
    words = {"kind": DecisionKind.RESOLVE, "resolution": pen.dice.choice(list(Resolution))}
    return (approved(heard.record, event_id=derived("lie", pen.number), **words),)


@lie(APPROVAL_REQUESTS.name)
def approved_under_another_digest(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Where anybody may decide: what was approved is nothing that anybody asked about."""
    if not _asks_before(heard) or heard.record.review.terms.reviewers:
        return ()
    return (approved(heard.record, event_id=derived("lie", pen.number), digest="e" * 64),)


@lie(DECISIONS.name)
def decision_moved_to_another_digest(heard: Heard, pen: Pen) -> Sequence[Any]:
    """What a reviewer approved, said again in the liar's name about a digest that nobody asked about."""
    words = {"decided_by": LIAR, "digest": "e" * 64, "event_id": derived("lie", pen.number)}
    return (msgspec.structs.replace(heard.record, decided_at=utc_now(), **words),)
