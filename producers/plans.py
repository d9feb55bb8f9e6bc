"""Proposes plans, for agents and services that do not run on LangGraph."""

from uuid import UUID, uuid4

from gate_events.digest import plan_digest
from gate_events.ids import derived
from gate_events.records import PlanProposed
from gate_store.database import Clock, utc_now
from producers.checked import checked
from producers.identity import agent_of, proposer_of
from producers.plan import AnyPlan, plan_of
from producers.voice import Voice


def propose(
    voice: Voice, plan: AnyPlan, *, plan_id: UUID | None = None, revision: int = 1, now: Clock = utc_now
) -> PlanProposed:
    """Publish a plan and return it once it is delivered; nothing of it may happen before its verdict.

    The same `plan_id` and `revision` proposed again is the same event. Raises UnencodableError for a plan
    that no reader would take, and what the voice raises.
    """
    proposed = proposal(plan, plan_id or uuid4(), revision, now)
    voice.send(proposed)
    return proposed


def proposal(plan: AnyPlan, plan_id: UUID, revision: int, now: Clock) -> PlanProposed:
    """The checked record, unsent. Raises UnencodableError."""
    given = plan_of(plan)
    agent = agent_of(given)
    record = checked(
        PlanProposed(
            event_id=derived("proposed", plan_id, revision),
            plan_id=plan_id,
            revision=revision,
            proposed_at=now(),
            proposer=proposer_of(given, agent),
            agent=agent,
            goal=given.goal,
            steps=tuple(step.to_value() for step in given.steps),
        )
    )
    plan_digest(plan_id, revision, record.steps, None)  # what has no digest cannot be approved
    return record
