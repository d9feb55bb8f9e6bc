"""Judges what a reviewer made of a plan, before it may count as approved."""

from gate_events.records import ApprovalRequested, DecisionMade, PlanProposed
from gate_events.values import Terms
from gate_policy.catalogue import Catalogue
from gate_policy.errors import UnjudgeablePlanError
from gate_policy.judge import Judgement, judge
from gate_policy.requirements import requirements_of
from gate_policy.route import asked


def retier(
    request: ApprovalRequested, edit: DecisionMade, catalogue: Catalogue
) -> ApprovalRequested | str | None:
    """None: approved as edited. A request: this edit needs a stricter gate. A text: why it is refused.

    Time is the edit's own, so that a replay of the topics asks the same.
    """
    plan, now = edited(request, edit), edit.decided_at
    try:
        judgement = judge(plan, catalogue, now=now, required=requirements_of(request))
    except UnjudgeablePlanError as error:
        return str(error)
    if judgement.review is None or not _stricter(judgement, judgement.review.terms, request, edit):
        return None
    return asked(plan, judgement, judgement.review, now)


def edited(request: ApprovalRequested, edit: DecisionMade) -> PlanProposed:
    """The plan as the reviewer wants it: the same plan, one revision on."""
    return PlanProposed(
        event_id=edit.event_id,
        plan_id=request.plan_id,
        revision=request.revision + 1,
        proposed_at=edit.decided_at,
        proposer=request.proposer,
        agent=request.agent,
        goal=request.goal,
        steps=edit.steps or (),
        run=request.run,
    )


def _stricter(now: Judgement, terms: Terms, request: ApprovalRequested, edit: DecisionMade) -> bool:
    """Whether this gate's reviewers are not enough for the edited plan. Any doubt: they are not."""
    before = request.review.terms
    return (
        request.tier < now.tier
        or terms.quorum > before.quorum
        or set(terms.reviewers) != set(before.reviewers)
        or (bool(terms.reviewers) and edit.decided_by not in terms.reviewers)
    )
