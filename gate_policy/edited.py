"""What an edit makes of a plan, and what its reviewer is shown of that. Pure."""

from collections.abc import Sequence
from dataclasses import replace as judgement_with
from datetime import datetime

from msgspec.structs import replace

from gate_events.digest import review_digest
from gate_events.records import ApprovalRequested, PlanProposed
from gate_events.values import Review, Step
from gate_policy.catalogue import Catalogue
from gate_policy.disputed import still_disputed
from gate_policy.judge import Judgement, judge
from gate_policy.proposals import proposal_of
from gate_policy.requirements import requirements_of


def edited_plan(request: ApprovalRequested, steps: Sequence[Step], at: datetime) -> PlanProposed:
    """The plan as the reviewer wants it: the same plan, one revision on."""
    return replace(proposal_of(request, at), revision=request.revision + 1, steps=tuple(steps))


def judge_edited(request: ApprovalRequested, plan: PlanProposed, catalogue: Catalogue) -> Judgement:
    """The judgement of an edited plan: no less than its request asked for. Raises UnjudgeablePlanError."""
    judgement = judge(plan, catalogue, now=plan.proposed_at, required=requirements_of(request))
    if judgement.review is None:
        return judgement
    return judgement_with(judgement, review=still_disputed(judgement.review, request, plan.steps))


def review_of_edit(request: ApprovalRequested, steps: Sequence[Step], catalogue: Catalogue) -> Review:
    """What the reviewer of an edit is shown of what the plan becomes. Raises UnjudgeablePlanError."""
    plan = edited_plan(request, steps, request.requested_at)
    return _as_shown(request, judge_edited(request, plan, catalogue))


def shown_digest(request: ApprovalRequested, judgement: Judgement) -> str:
    """The `review_digest` that an EDIT carries, for the judgement of what it became."""
    return review_digest(_as_shown(request, judgement))


def _as_shown(request: ApprovalRequested, judgement: Judgement) -> Review:
    """With the deadline of the gate that is edited: the moment of an edit changes nothing that is shown."""
    if judgement.review is None:
        raise AssertionError("an edited plan was asked about, and so has a review")
    terms = replace(judgement.review.terms, deadline=request.review.terms.deadline)
    return replace(judgement.review, terms=terms)
