"""Lies on `approval-requests`: other sentences, terms and questions than the gatekeeper's own."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import msgspec

from gate_events.digest import plan_digest
from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, DecisionMade, PlanProposed
from gate_events.topics import APPROVAL_REQUESTS, PLANS
from gate_events.values import Group, InDoubt, Review, Step, Terms
from gate_events.words import DeciderKind, DecisionKind, Level, RequestKind, Tier, Timing
from gate_policy.requirements import ALLOWED
from gate_store.database import utc_now
from plangate.torture.liars.lie import LIAR, Heard, Pen, lie
from plangate.torture.liars.on_plans import another, gated, harmless, named

NICE = "Look something up"
ANYBODYS = "share"  # what anyone but the proposer and its agent may approve


def request(victim: PlanProposed | ApprovalRequested, pen: Pen, **changed: Any) -> ApprovalRequested:
    """A question about the victim's plan in the liar's words, under the id that the true one has."""
    given = {name: getattr(victim, name) for name in _SHARED} | changed
    terms = given.pop("terms", _terms(given.get("timing", Timing.BEFORE)))
    kind, timing = given.setdefault("kind", RequestKind.PLAN), given.setdefault("timing", Timing.BEFORE)
    attempt, doubt = given.setdefault("attempt", 1), given.get("in_doubt")
    gate = request_id(
        victim.plan_id, given["revision"], kind, timing, doubt.step_id if doubt else "", attempt
    )
    return ApprovalRequested(
        event_id=derived("requested", gate),
        request_id=gate,
        digest=plan_digest(victim.plan_id, given["revision"], given["steps"], victim.run),
        requested_at=utc_now(),
        tier=given.pop("tier", Tier.IRREVERSIBLE),
        level=Level.L0,
        policy=pen.learned.policy,
        review=Review(groups=(_group(given["steps"]),), terms=terms),
        **given,
    )


_SHARED = ("plan_id", "revision", "proposer", "agent", "goal", "steps", "run")


def _group(steps: Sequence[Step]) -> Group:
    return Group(text=NICE, tier=Tier.REVERSIBLE, step_ids=tuple(step.step_id for step in steps))


def _terms(timing: Timing, *reviewers: str) -> Terms:
    return Terms(
        reviewers=reviewers or ("ana", "ben"),
        deadline=utc_now() + timedelta(hours=8),
        use_by_s=3600,
        allowed=ALLOWED[timing],
    )


def approved(asked: ApprovalRequested, **changed: Any) -> DecisionMade:
    """The liar approves, in his own name."""
    decision = DecisionMade(
        event_id=derived("lie", asked.request_id, LIAR),
        request_id=asked.request_id,
        plan_id=asked.plan_id,
        revision=asked.revision,
        digest=asked.digest,
        kind=DecisionKind.APPROVE,
        decided_at=utc_now(),
        decided_by=LIAR,
        decider=DeciderKind.PERSON,
    )
    return msgspec.structs.replace(decision, **changed)


@lie(PLANS.name)
def asked_in_own_sentences(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The true question, told as something harmless."""
    return (request(heard.record, pen),)


@lie(PLANS.name)
def asked_under_its_digest(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The liar's harmless steps are shown under the digest of the victim's."""
    steps = pen.steps(harmless(heard.record.steps))
    return (msgspec.structs.replace(request(heard.record, pen), steps=steps),)


@lie(PLANS.name)
def asked_under_anothers_id(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A plan of his own at the gate that the victim's will have."""
    own = {"plan_id": pen.plan_id, "run": None, "steps": pen.steps("wire"), **another(heard.record)}
    asked = request(msgspec.structs.replace(heard.record, plan_id=pen.plan_id, run=None), pen, **own)
    return (msgspec.structs.replace(asked, request_id=request(heard.record, pen).request_id),)


@lie(PLANS.name)
def asked_for_another_agent(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A run's own question, but asked by somebody else: policies and people go by that."""
    return () if heard.record.run is None else (request(heard.record, pen, **another(heard.record)),)


@lie(PLANS.name)
def asked_with_another_goal(heard: Heard, pen: Pen) -> Sequence[Any]:
    """No digest covers why a plan is made, though whoever decides goes by it."""
    return (request(heard.record, pen, goal="agreed by phone"),)


@lie(PLANS.name)
def asked_of_own_people(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The liar is the only reviewer, and approves; not where anybody may, since then his word counts."""
    if any(step.action_type == ANYBODYS for step in heard.record.steps):
        return ()
    asked = request(heard.record, pen, terms=_terms(Timing.BEFORE, LIAR))
    return asked, approved(asked)


@lie(PLANS.name)
def asked_on_easy_terms(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A lower tier, an answer that holds for years, and a deadline as far."""
    terms = msgspec.structs.replace(
        _terms(Timing.BEFORE), deadline=utc_now() + timedelta(days=3650), use_by_s=10**8
    )
    return (request(heard.record, pen, tier=Tier.REVERSIBLE, terms=terms),)


@lie(APPROVAL_REQUESTS.name)
def asked_once_more(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A further attempt of a true question; the liar reviews it."""
    true: ApprovalRequested = heard.record
    if (true.kind, true.timing) != (RequestKind.PLAN, Timing.BEFORE) or not true.review.terms.reviewers:
        return ()
    asked = request(
        true, pen, attempt=true.attempt + pen.dice.choice((1, 6)), terms=_terms(true.timing, LIAR)
    )
    return asked, approved(asked)


@lie(PLANS.name)
def asked_about_own_steps(heard: Heard, pen: Pen) -> Sequence[Any]:
    """A next revision that nobody proposed; the liar reviews it."""
    steps = pen.steps(gated(heard.record.steps))
    revision = heard.record.revision + 1
    changed = {"revision": revision, "steps": steps, **named(heard.record)}
    asked = request(heard.record, pen, **changed, terms=_terms(Timing.BEFORE, LIAR))
    return asked, approved(asked)


@lie(PLANS.name)
def invented_doubt(heard: Heard, pen: Pen) -> Sequence[Any]:
    """Whether an effect happened that nobody began."""
    if not heard.record.steps:
        return ()
    terms = msgspec.structs.replace(_terms(Timing.AFTER), allowed=(DecisionKind.RESOLVE,))
    doubt = InDoubt(step_id=heard.record.steps[0].step_id, known="nobody knows")
    asked = {"kind": RequestKind.IN_DOUBT, "timing": Timing.AFTER, "in_doubt": doubt, "terms": terms}
    return (request(heard.record, pen, **asked),)


@lie(PLANS.name)
def asked_afterwards_before(heard: Heard, pen: Pen) -> Sequence[Any]:
    """The review of what has not happened yet: the true one would find its place taken."""
    terms = _terms(Timing.AFTER, LIAR)
    asked = request(heard.record, pen, timing=Timing.AFTER, tier=Tier.PARTIALLY_REVERSIBLE, terms=terms)
    return asked, approved(asked, kind=DecisionKind.CONFIRM)
