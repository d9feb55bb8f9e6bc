"""Judges what a reviewer made of a plan, before it may count as approved."""

import math
from collections.abc import Iterable

from gate_events.names import name_key
from gate_events.records import ApprovalRequested, DecisionMade, PlanProposed
from gate_events.values import Finding, Terms
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
    """Whether the gate that was asked is not enough for the edited plan. Any doubt: it is not."""
    before = request.review.terms
    named, found = _names(terms), now.review.findings if now.review else ()
    return (
        request.tier < now.tier
        or terms.quorum > before.quorum
        or named != _names(before)
        or (bool(named) and name_key(edit.decided_by) not in named)
        or _ends_sooner(terms, request, edit)
        or not all(_was_seen(finding, request.review.findings) for finding in found)
    )


def _was_seen(finding: Finding, before: Iterable[Finding]) -> bool:
    """Whether the reviewer read these words about these steps."""
    return any(
        (finding.check, finding.text) == (one.check, one.text) and set(finding.step_ids) <= set(one.step_ids)
        for one in before
    )


def _names(terms: Terms) -> set[str]:
    return {name_key(each) for each in terms.reviewers}


def _ends_sooner(terms: Terms, request: ApprovalRequested, edit: DecisionMade) -> bool:
    """Whether what it became goes stale sooner, or would have been over by now; 0 is never."""
    before = request.review.terms
    use_by_s = terms.use_by_s or math.inf
    had = terms.deadline - edit.decided_at
    return use_by_s < (before.use_by_s or math.inf) or edit.decided_at - request.requested_at > had
