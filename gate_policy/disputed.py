"""A plan that two requests tell in other words under one digest: it is asked about in neither's. Pure.

A digest leaves out for which model, why, and what steps claim. Until proposals are signed, nobody can say
which is true.
"""

from collections.abc import Iterator, Sequence

import msgspec

from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.shown import shown
from gate_events.values import Agent, Finding, Review, Step
from gate_events.words import Timing
from gate_policy.judge import Judgement
from gate_policy.requirements import ASKED_BEFORE, Requirements, requirements_of
from gate_policy.spelling import exact_quoted
from gate_policy.tiers import higher

DISPUTED = "disputed words"
_TOLD = "this plan was proposed in two ways, and neither is proven: {}"
_QUOTED = 500  # characters; the requests hold all of it
_NAMED = 10  # steps; the rest is counted


def is_disputed(request: ApprovalRequested) -> bool:
    """Whether it asks in nobody's words."""
    return any(finding.check == DISPUTED for finding in request.review.findings)


def by_their_words(one: PlanProposed, other: PlanProposed) -> tuple[PlanProposed, PlanProposed]:
    """Two tellings of a plan in an order of their own: it must not matter which came first."""
    first, second = sorted((one, other), key=_words)
    return first, second


def dispute(one: PlanProposed, other: PlanProposed) -> Finding:
    """What a reviewer must know of a plan that is told in two ways: both, quoted."""
    return _dispute(*by_their_words(one, other))


def undisputed(one: PlanProposed, other: PlanProposed) -> PlanProposed:
    """The plan as both tell it; of two claims the higher tier."""
    return msgspec.structs.replace(
        one,
        agent=Agent(
            name=one.agent.name,
            model=_common(one.agent.model, other.agent.model),
            prompt_version=_common(one.agent.prompt_version, other.agent.prompt_version),
            tools=_common(one.agent.tools, other.agent.tools),
        ),
        goal=_common(one.goal, other.goal) or "",
        steps=tuple(_claiming(*steps) for steps in zip(one.steps, other.steps, strict=True)),
    )


def strictest(judgements: Sequence[Judgement], before: ApprovalRequested | PlanCleared) -> Requirements:
    """What a human must decide before, and who, so that each of these judgements is met.

    And no less than was asked `before`: of an edited plan that may be more than its content asks for.
    """
    had = requirements_of(before) if isinstance(before, ApprovalRequested) else ASKED_BEFORE
    tier = had.tier
    for each in judgements:
        tier = higher(tier, each.tier)
    return Requirements(tier, Timing.BEFORE, had.bodies.union(*(each.bodies for each in judgements)))


def disputed_review(
    review: Review, tellings: tuple[PlanProposed, PlanProposed], told: Sequence[Review]
) -> Review:
    """The review of what is undisputed, with what was found in either telling."""
    reviews = (*told, review)
    findings = dict.fromkeys(finding for each in reviews for finding in each.findings)
    reasons = dict.fromkeys(reason for each in reviews for reason in each.reasons)
    return msgspec.structs.replace(review, findings=(_dispute(*tellings), *findings), reasons=tuple(reasons))


def still_disputed(review: Review, before: ApprovalRequested, steps: Sequence[Step]) -> Review:
    """The next review of a plan that was asked about before: what was disputed is so still."""
    ids = {step.step_id for step in steps}
    told = [
        msgspec.structs.replace(each, step_ids=tuple(one for one in each.step_ids if one in ids))
        for each in before.review.findings
        if each.check == DISPUTED
    ]
    return msgspec.structs.replace(review, findings=(*told, *review.findings)) if told else review


def _words(plan: PlanProposed) -> bytes:
    return msgspec.json.encode(
        (plan.goal, plan.agent, plan.proposer, [step.claimed_tier for step in plan.steps])
    )


def _common(one: str | None, other: str | None) -> str | None:
    return one if one == other else None


def _claiming(one: Step, other: Step) -> Step:
    claims = [each.claimed_tier for each in (one, other) if each.claimed_tier is not None]
    return msgspec.structs.replace(one, claimed_tier=higher(claims[0], claims[-1]) if claims else None)


def _dispute(one: PlanProposed, other: PlanProposed) -> Finding:
    claiming = [
        a.step_id for a, b in zip(one.steps, other.steps, strict=True) if a.claimed_tier is not b.claimed_tier
    ]
    parts = [*_differences(one, other), *_claims(claiming)]
    return Finding(check=DISPUTED, text=_TOLD.format("; ".join(parts)), step_ids=tuple(claiming))


def _differences(one: PlanProposed, other: PlanProposed) -> Iterator[str]:
    told = [("goal", one.goal, other.goal), ("proposer", one.proposer, other.proposer)]
    told += [
        (f"agent {name}", getattr(one.agent, name), getattr(other.agent, name))
        for name in Agent.__struct_fields__
    ]
    for what, first, second in told:
        if first != second:
            yield f"{what} {_quoted(first)} or {_quoted(second)}"


def _claims(step_ids: Sequence[str]) -> Iterator[str]:
    if step_ids:
        more = f" and {len(step_ids) - _NAMED} more" if len(step_ids) > _NAMED else ""
        yield f"other claims for {', '.join(step_ids[:_NAMED])}{more}"


def _quoted(text: str | None) -> str:
    if text is None:
        return "none"
    more = f" and {len(text) - _QUOTED} more characters" if len(text) > _QUOTED else ""
    return shown(exact_quoted(text[:_QUOTED])) + more
