"""The plan that takes an executed one back."""

from uuid import uuid4

from gate_events.ids import proposal_id
from gate_events.records import ApprovalRequested, DecisionMade, PlanExecuted, PlanProposed
from gate_events.values import Step
from gate_policy.catalogue import Catalogue
from gate_policy.errors import NotUndoableError
from gate_policy.undo import undo_steps


def undo_plan(
    request: ApprovalRequested, decision: DecisionMade, outcome: PlanExecuted | None, catalogue: Catalogue
) -> PlanProposed | str:
    """The compensating plan of an UNDO, proposed by who decided it; words say why there is none.

    Its id is nobody's to know before the store has said it: else another could propose under it first, and
    own it. An UNDO that is delivered again finds its gate closed, and makes no other.
    """
    if outcome is None:
        return "nothing is known yet of what this plan did; undo it when its outcome is there"
    steps = _wanted(request, decision)
    if isinstance(steps, str):
        return steps
    try:
        undone = undo_steps(steps, outcome.results, catalogue)
    except NotUndoableError as error:
        return str(error)
    if not undone:
        return "none of these steps left anything to take back"
    plan_id = uuid4()
    return PlanProposed(
        event_id=proposal_id(plan_id),
        plan_id=plan_id,
        proposed_at=decision.decided_at,
        proposer=decision.decided_by,
        agent=request.agent,
        goal=f"Undo: {request.goal}"[:1_000],
        steps=undone,
    )


def _wanted(request: ApprovalRequested, decision: DecisionMade) -> tuple[Step, ...] | str:
    """The steps to take back: those named, or all."""
    if not decision.step_ids:
        return request.steps
    known = {step.step_id for step in request.steps}
    if unknown := [name for name in decision.step_ids if name not in known]:
        return f"the plan has no step {unknown[0]!r}; name steps of the plan, or none for all"
    return tuple(step for step in request.steps if step.step_id in decision.step_ids)
