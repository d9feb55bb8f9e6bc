"""Where a plan goes: cleared to run, or to a human. The same plan gives the same ids."""

from collections.abc import Mapping
from datetime import datetime

from gate_events.digest import review_digest
from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.values import Review
from gate_events.words import RequestKind, Timing
from gate_policy.catalogue import Catalogue
from gate_policy.effects import PriorEffect
from gate_policy.judge import NO_PRIOR, Judgement, judge
from gate_policy.requirements import Requirements


def route(
    plan: PlanProposed,
    catalogue: Catalogue,
    *,
    now: datetime,
    prior: Mapping[str, PriorEffect] = NO_PRIOR,
    required: Requirements | None = None,
) -> PlanCleared | ApprovalRequested:
    """The record that the router publishes for a plan; `required` as in `judge`.

    Raises UnjudgeablePlanError.
    """
    judgement = judge(plan, catalogue, now=now, prior=prior, required=required)
    if judgement.timing is Timing.BEFORE and judgement.review is not None:
        return asked(plan, judgement, judgement.review, now)
    return cleared(plan, judgement, now)


def cleared(plan: PlanProposed, judgement: Judgement, now: datetime) -> PlanCleared:
    """The plan may run now; a review, if any, comes afterwards."""
    return PlanCleared(
        event_id=derived("cleared", plan.plan_id, plan.revision),
        plan_id=plan.plan_id,
        revision=plan.revision,
        digest=judgement.digest,
        cleared_at=now,
        tier=judgement.tier,
        level=judgement.level,
        policy=judgement.policy,
        proposer=plan.proposer,
        agent=plan.agent,
        goal=plan.goal,
        steps=plan.steps,
        run=plan.run,
        review=judgement.review,
    )


def asked(
    plan: PlanProposed, judgement: Judgement, review: Review, now: datetime, attempt: int = 1
) -> ApprovalRequested:
    """A human decides before the plan runs; `attempt` counts how often this was asked."""
    gate = request_id(plan.plan_id, plan.revision, RequestKind.PLAN, Timing.BEFORE, attempt=attempt)
    return ApprovalRequested(
        event_id=derived("requested", gate),
        request_id=gate,
        kind=RequestKind.PLAN,
        timing=Timing.BEFORE,
        attempt=attempt,
        plan_id=plan.plan_id,
        revision=plan.revision,
        digest=judgement.digest,
        requested_at=now,
        tier=judgement.tier,
        level=judgement.level,
        policy=judgement.policy,
        proposer=plan.proposer,
        agent=plan.agent,
        goal=plan.goal,
        steps=plan.steps,
        run=plan.run,
        review=review,
        review_digest=review_digest(review),
    )
