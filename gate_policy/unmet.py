"""What the catalogue in force demands of a plan that was let run before, and what it ran by does not give.

Requirements are compared, not catalogues: another catalogue that demands no more asks nothing. Pure.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from gate_events.names import name_key
from gate_events.records import ApprovalRequested
from gate_events.values import Finding
from gate_events.words import Timing
from gate_policy.effects import PriorEffect
from gate_policy.judge import Judgement
from gate_policy.plan_checks import ALREADY_DONE
from gate_policy.requirements import Body


@dataclass(frozen=True, slots=True)
class Given:
    """The question that let a plan run, who agreed to it, and when."""

    request: ApprovalRequested
    agreed: Collection[str]
    at: datetime


def unmet(
    judgement: Judgement, given: Given | None, prior: Mapping[str, PriorEffect], now: datetime
) -> list[str]:
    """Why a human must be asked, in plain English; nothing: the plan may run.

    `judgement` is that of the catalogue in force, as of `now`; `given` None: no human was asked before.
    """
    review = judgement.review
    if judgement.timing is not Timing.BEFORE or review is None:
        return []
    if given is None:
        return ["a human must decide before it runs"]
    why = list(_lacking(judgement, given))
    holds = timedelta(seconds=review.terms.use_by_s)
    if holds and given.at + holds <= now:
        why.append("an approval does not hold for so long any more")
    if _done_since(judgement, given.request, review.findings, prior):
        why.append("what it does was already done meanwhile")
    return why


def _lacking(judgement: Judgement, given: Given) -> Iterator[str]:
    if given.request.timing is not Timing.BEFORE:
        yield "a human must decide before it runs"
    if given.request.tier < judgement.tier:
        yield f"it is {judgement.tier.value} now, and {given.request.tier.value} was approved"
    if any(_is_short(body, given.agreed) for body in judgement.bodies):
        yield "others or more must agree than those who did"


def _is_short(body: Body, agreed: Collection[str]) -> bool:
    people = {name_key(name) for name in agreed}
    if body.people:
        people &= {name_key(name) for name in body.people}
    return len(people) < body.quorum


def _done_since(
    judgement: Judgement,
    request: ApprovalRequested,
    found: Iterable[Finding],
    prior: Mapping[str, PriorEffect],
) -> bool:
    """Whether a step repeats what its reviewers did not see as done."""
    shown = _done(request.review.findings)
    keys = {step.step_id: step.effect_key for step in judgement.steps}
    effects = {step_id: prior.get(keys.get(step_id) or "") for step_id in _done(found)}
    return any(
        step_id not in shown or (effect is not None and effect.at > request.requested_at)
        for step_id, effect in effects.items()
    )


def _done(found: Iterable[Finding]) -> set[str]:
    return {step_id for finding in found if finding.check == ALREADY_DONE for step_id in finding.step_ids}
