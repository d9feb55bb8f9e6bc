"""The proposal behind a record that was made of one. Pure."""

from datetime import datetime

from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed


def proposal_of(record: ApprovalRequested | PlanCleared, at: datetime) -> PlanProposed:
    """What was asked about or cleared, as it was proposed; `at` is the moment to judge it by."""
    return PlanProposed(
        event_id=record.event_id,
        plan_id=record.plan_id,
        revision=record.revision,
        proposed_at=at,
        proposer=record.proposer,
        agent=record.agent,
        goal=record.goal,
        steps=record.steps,
        run=record.run,
    )
