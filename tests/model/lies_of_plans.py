"""Lies about plans: what a proposer or a router says that is not theirs to say."""

from collections.abc import Sequence
from typing import Any

import msgspec

from gate_events.ids import derived, plan_id_of_pause, request_id
from gate_events.records import ApprovalRequested, DecisionMade
from gate_events.values import Agent, InDoubt
from gate_events.words import RequestKind, Tier, Timing
from tests.model.lies import (
    LIAR,
    OWN_STEPS,
    Fits,
    Pen,
    Victim,
    approval_of,
    as_asked,
    as_cleared,
    as_routed,
    in_other_words,
    lie,
)

LAST = 2**31 - 1


def approvals(victim: Victim, own: ApprovalRequested, pen: Pen) -> list[DecisionMade]:
    """The liar decides on his own question; not where anybody may decide on the true one of that id."""
    listed = as_asked(victim.plan, pen).review.terms.reviewers
    return [approval_of(own, pen)] if listed else []


@lie(Fits.RUN)
def a_plan_that_names_its_run(victim: Victim, pen: Pen) -> Sequence[Any]:
    own = {"plan_id": pen.fresh("plan"), "proposer": LIAR, "agent": Agent(name=LIAR)}
    return [as_routed(msgspec.structs.replace(victim.plan, **own, steps=pen.steps()), pen)]


@lie(Fits.RUN)
def a_later_pause_of_its_run(victim: Victim, pen: Pen) -> Sequence[Any]:
    assert victim.plan.run
    later = msgspec.structs.replace(victim.plan.run, checkpoint_id="zzzz")
    plan = msgspec.structs.replace(victim.plan, plan_id=plan_id_of_pause(later), run=later, steps=pen.steps())
    return [as_routed(plan, pen)]


@lie(Fits.PLACED)
def a_next_revision(victim: Victim, pen: Pen) -> Sequence[Any]:
    """A run's in its proposer's name, which need not be believed; else in his own."""
    name = {} if victim.plan.run else {"proposer": LIAR, "agent": Agent(name=LIAR)}
    revision = victim.plan.revision + pen.some([1, 2])
    return [
        as_routed(msgspec.structs.replace(victim.plan, revision=revision, steps=pen.steps(), **name), pen)
    ]


@lie(Fits.ANY)
def the_last_revision(victim: Victim, pen: Pen) -> Sequence[Any]:
    return [as_routed(msgspec.structs.replace(victim.plan, revision=LAST, steps=pen.steps()), pen)]


@lie(Fits.PLACED)
def other_content_of_its_revision(victim: Victim, pen: Pen) -> Sequence[Any]:
    return [as_routed(msgspec.structs.replace(victim.plan, steps=pen.steps()), pen)]


@lie(Fits.ANY)
def other_content_in_a_name_that_looks_the_same(victim: Victim, pen: Pen) -> Sequence[Any]:
    """Its owner's name, but for what nobody sees."""
    plan, hidden = victim.plan, pen.some(["\u200b", "\u00ad", "\u2060"])
    names: list[dict[str, Any]] = [
        {"proposer": plan.proposer + hidden},
        {"agent": Agent(name=hidden + plan.agent.name)},
    ]
    told = pen.some([as_cleared, as_asked])(msgspec.structs.replace(plan, steps=pen.steps()), pen)
    return [msgspec.structs.replace(told, **pen.some(names))]


@lie(Fits.ANY)
def other_steps_under_its_digest(victim: Victim, pen: Pen) -> Sequence[Any]:
    told = pen.some([as_cleared, as_asked])(victim.plan, pen)
    return [msgspec.structs.replace(told, steps=OWN_STEPS[0])]


@lie(Fits.ANY)
def cleared_as_it_is(victim: Victim, pen: Pen) -> Sequence[Any]:
    return [as_cleared(victim.plan, pen)]


@lie(Fits.PLACED)
def for_another_agent(victim: Victim, pen: Pen) -> Sequence[Any]:
    """No digest covers proposer and agent, though policies and people go by them."""
    others: list[dict[str, Any]] = [{"proposer": LIAR}, {"agent": Agent(name=LIAR)}]
    return [as_routed(msgspec.structs.replace(victim.plan, **pen.some(others)), pen)]


@lie(Fits.ANY)
def asked_in_other_words(victim: Victim, pen: Pen) -> Sequence[Any]:
    own = in_other_words(as_asked(victim.plan, pen), pen, tier=Tier.REVERSIBLE)
    return [own, *approvals(victim, own, pen)]


@lie(Fits.ANY)
def told_with_another_goal(victim: Victim, pen: Pen) -> Sequence[Any]:
    """No digest covers it, though whoever decides goes by it."""
    plan = msgspec.structs.replace(victim.plan, goal=pen.some(["agreed by phone", "a refund"]))
    return [as_routed(plan, pen)]


@lie(Fits.ANY)
def asked_by_a_review_that_it_does_not_show(victim: Victim, pen: Pen) -> Sequence[Any]:
    return [msgspec.structs.replace(as_asked(victim.plan, pen), review_digest="ab" * 32)]


@lie(Fits.ANY)
def asked_once_more(victim: Victim, pen: Pen) -> Sequence[Any]:
    """In the true words, or in his own."""
    attempt, true = pen.some([2, 3, 7]), as_asked(victim.plan, pen)
    if pen.some([True, False]):
        own = in_other_words(true, pen, attempt=attempt)
        return [own, *approvals(victim, own, pen)]
    gate = request_id(true.plan_id, true.revision, true.kind, true.timing, attempt=attempt)
    return [
        msgspec.structs.replace(true, attempt=attempt, request_id=gate, event_id=derived("requested", gate))
    ]


@lie(Fits.ANY)
def asked_afterwards(victim: Victim, pen: Pen) -> Sequence[Any]:
    own = in_other_words(as_asked(victim.plan, pen), pen, timing=Timing.AFTER)
    return [own]


@lie(Fits.ANY)
def a_doubt_that_nobody_has(victim: Victim, pen: Pen) -> Sequence[Any]:
    doubt = InDoubt(step_id=victim.plan.steps[0].step_id, known="nobody knows")
    asked = as_asked(victim.plan, pen)
    return [in_other_words(asked, pen, kind=RequestKind.IN_DOUBT, timing=Timing.AFTER, in_doubt=doubt)]


@lie(Fits.ANY)
def its_gate_under_another_plan(victim: Victim, pen: Pen) -> Sequence[Any]:
    """The id that its question has, or will have."""
    own = {"plan_id": pen.fresh("plan"), "run": None, "proposer": LIAR, "agent": Agent(name=LIAR)}
    asked = as_asked(msgspec.structs.replace(victim.plan, **own, revision=1, steps=pen.steps()), pen)
    plan = (victim.plan.plan_id, victim.plan.revision, asked.kind, asked.timing)
    return [msgspec.structs.replace(asked, request_id=request_id(*plan, attempt=pen.some([1, 2])))]
