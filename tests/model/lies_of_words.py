"""Lies on `decisions`: the proposer's own approval, words of the clock and the gate, ids of others.

Never in an honest reviewer's name, nor in a name of the liar's own where anybody may decide.
"""

import unicodedata
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.words import DeciderKind, DecisionKind, Resolution
from tests.model.lies import Fits, Pen, Victim, approval_of, lie
from tests.model.reference_decisions import clocks_word

K = DecisionKind
SPELLINGS: tuple[Callable[[str], str], ...] = (
    str,
    str.upper,
    str.title,
    "\u00a0{} ".format,
    "{}\u200b".format,
    lambda name: name[:3] + "\u00ad" + name[3:],
    lambda name: unicodedata.normalize("NFD", name),
    lambda name: "".join(chr(ord(each) + 0xFEE0) if "!" <= each <= "~" else each for each in name),
)


def honest_id(gate: ApprovalRequested, by: str, kind: K) -> Any:
    """The id of a reviewer's word, which a liar foresees."""
    return derived("honest word", gate.request_id, by, kind)


def gate_of(victim: Victim, pen: Pen) -> ApprovalRequested:
    """Any that asks about it."""
    return pen.some(victim.gates)


def refused(gate: ApprovalRequested) -> dict[str, Any]:
    """What no gate takes from the liar: he is no reviewer, or decides on what nobody asked."""
    return {"kind": K.REJECT} if gate.review.terms.reviewers else {"kind": K.REJECT, "digest": "e" * 64}


@lie(Fits.ASKED)
def its_proposer_or_agent_decides(victim: Victim, pen: Pen) -> Sequence[Any]:
    gate = gate_of(victim, pen)
    name = pen.some(SPELLINGS)(pen.some([gate.proposer, gate.agent.name]))
    kind = pen.some([each for each in gate.review.terms.allowed if each is not K.EDIT])
    decider = pen.some([DeciderKind.PERSON, DeciderKind.PERSON, DeciderKind.PROPOSER])
    return [approval_of(gate, pen, decided_by=name, kind=kind, decider=decider)]


@lie(Fits.ASKED)
def nobodys_reviewer_decides(victim: Victim, pen: Pen) -> Sequence[Any]:
    """Where reviewers are listed; where anybody may decide, as what is no person."""
    gate = gate_of(victim, pen)
    kinds = [DeciderKind.SERVICE, DeciderKind.PROPOSER, DeciderKind.CLOCK, DeciderKind.GATE]
    if gate.review.terms.reviewers:
        kinds += 3 * [DeciderKind.PERSON]
    allowed = [*gate.review.terms.allowed, K.WITHDRAW]
    return [approval_of(gate, pen, kind=pen.some(allowed), decider=pen.some(kinds))]


@lie(Fits.ASKED)
def withdrawn_by_another(victim: Victim, pen: Pen) -> Sequence[Any]:
    decider = pen.some([DeciderKind.PERSON, DeciderKind.PROPOSER])
    return [approval_of(gate_of(victim, pen), pen, kind=K.WITHDRAW, decider=decider)]


@lie(Fits.ASKED)
def decided_as_what_is_not_asked(victim: Victim, pen: Pen) -> Sequence[Any]:
    others: list[dict[str, Any]] = [
        {"digest": "e" * 64},
        {"revision": victim.plan.revision + 1},
        {"plan_id": pen.fresh("plan")},
        {"review_digest": "e" * 64},
        {"kind": K.RESOLVE, "resolution": pen.some(list(Resolution))},
    ]
    return [approval_of(gate_of(victim, pen), pen, **pen.some(others))]


@lie(Fits.ASKED)
def expired_before_its_time(victim: Victim, pen: Pen) -> Sequence[Any]:
    """The clock's word to the letter; or under an id of his own, dated ahead."""
    gate = gate_of(victim, pen)
    if pen.now >= gate.review.terms.deadline:
        return []  # it would be true
    if pen.some([True, False]):
        return [clocks_word(gate)]
    clock = {"kind": K.EXPIRE, "decider": DeciderKind.CLOCK, "decided_by": "clock"}
    at = pen.now + pen.some([timedelta(), timedelta(days=3650)])
    return [approval_of(gate, pen, **clock, decided_at=at)]


@lie(Fits.ASKED)
def superseded_by_nothing(victim: Victim, pen: Pen) -> Sequence[Any]:
    gate = gate_of(victim, pen)
    word = {"kind": K.SUPERSEDE, "decider": DeciderKind.GATE, "decided_by": "gate"}
    note = pen.some(["revision 2 of the plan took its place", "the plan has an outcome already"])
    name = derived("supersede", gate.request_id, pen.some([pen.fresh("plan"), "outcome"]))
    return [approval_of(gate, pen, event_id=name, **word, note=note)]


@lie(Fits.ASKED)
def the_clocks_id_is_taken(victim: Victim, pen: Pen) -> Sequence[Any]:
    gate = gate_of(victim, pen)
    return [approval_of(gate, pen, event_id=derived("expire", gate.request_id), **refused(gate))]


@lie(Fits.ASKED)
def the_gates_id_is_taken(victim: Victim, pen: Pen) -> Sequence[Any]:
    """The id of the word that a newer question takes its place."""
    gate = gate_of(victim, pen)
    newer = request_id(gate.plan_id, gate.revision + 1, gate.kind, gate.timing)
    name = derived("supersede", gate.request_id, pen.some([newer, "outcome"]))
    return [approval_of(gate, pen, event_id=name, **refused(gate))]


@lie(Fits.ASKED)
def a_reviewers_id_is_taken(victim: Victim, pen: Pen) -> Sequence[Any]:
    """The one that the reviewer's word will have."""
    gate = gate_of(victim, pen)
    who = pen.some([*gate.review.terms.reviewers] or ["ada", "bob"])
    name = honest_id(gate, who, pen.some([K.APPROVE, K.REJECT]))
    return [approval_of(gate, pen, event_id=name, **refused(gate))]


@lie(Fits.ASKED)
def a_reviewers_word_is_told_of_another_gate(victim: Victim, pen: Pen) -> Sequence[Any]:
    """Its id once more, in the liar's name."""
    said: list[DecisionMade] = [each for each in pen.said if each.plan_id != victim.plan.plan_id]
    gate = gate_of(victim, pen)
    return [approval_of(gate, pen, event_id=pen.some(said).event_id, **refused(gate))] if said else []
