"""The small world that the model plays in: few names, so that things meet; good records unless said."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from gate_events.ids import derived, plan_id_of_pause
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanProposed
from gate_events.values import RunIdentity, Step
from gate_events.words import DeciderKind, DecisionKind
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_policy.route import route
from tests.store.examples import AGENT, HOUR, plan_id, run

K = DecisionKind
PROPOSER = "billing-service"
PEOPLE = ("ada", "bob", "cas")
SPEAKERS = {
    "ada": DeciderKind.PERSON,
    "bob": DeciderKind.PERSON,
    "cas": DeciderKind.PERSON,
    "robot": DeciderKind.SERVICE,
    PROPOSER: DeciderKind.PROPOSER,
    AGENT.name: DeciderKind.PERSON,
    "clock": DeciderKind.CLOCK,
    "gate": DeciderKind.GATE,
}
SECOND = timedelta(seconds=1)
TOLERANCE = timedelta(minutes=5)
LEASE_S = 60.0
FORGOTTEN_S = 30.0
PATIENCE = 2 * 24 * HOUR

_ACTIONS = """
version: 1
defaults: {deadline: 1h, use_by: 30m}
actions:
  look: {tier: REVERSIBLE, says: "Look at {{ to }}", arguments: [to]}
  note:
    tier: PARTIALLY_REVERSIBLE
    says: "Note {{ to }}"
    arguments: [to]
    undo: {action: look, arguments: {to: "{{ to }}"}}
  mail: {tier: IRREVERSIBLE, says: "Mail {{ to }}", arguments: [to], use_by: 300d}
  wire: {tier: IRREVERSIBLE, says: "Wire {{ to }}", arguments: [to], reviewers: [ada, bob, robot], quorum: 2}
  pay: {tier: IRREVERSIBLE, says: "Pay {{ to }}", arguments: [to], quorum: QUORUM}
rules:
  - {name: warning, when: 'plan.goal == "warn"', tier: IRREVERSIBLE, because: "it warns"}
"""
CATALOGUE: Catalogue = load_catalogue(_ACTIONS.replace("QUORUM", "1"))


@dataclass(frozen=True)
class Sent:
    """A record in its topic, and the broker's moment."""

    record: Any
    at: datetime


def step(name: str, to: str, action: str = "mail") -> Step:
    return Step(step_id=name, action_type=action, arguments={"to": to})


STEPS = (
    (step("s1", "a"), step("s2", "b")),
    (step("s1", "c"), step("s2", "b")),
    (step("s1", "a", "pay"),),
    (step("s1", "a", "pay"), step("s2", "b", "pay")),
    (step("s1", "a"), step("s2", "b", "wire")),  # an edit to this needs a stricter gate
    (step("s1", "a", "note"), step("s2", "b", "look")),  # cleared, and reviewed afterwards
    (step("s1", "c", "look"), step("s2", "b", "look")),  # cleared
)
ASKED_BEFORE, CLEARED = STEPS[:5], STEPS[5:]


def pause_of(thread: str, number: int) -> RunIdentity:
    """A thread's nth pause: its checkpoint ids grow, as LangGraph's do."""
    return run(thread, f"c{number:03}")


def plan_of(pause: RunIdentity | None, name: int) -> UUID:
    return plan_id_of_pause(pause) if pause else plan_id(f"p{name}")


def proposed(
    plan: UUID,
    pause: RunIdentity | None,
    revision: int,
    steps: tuple[Step, ...],
    now: datetime,
    proposer: str = PROPOSER,
) -> PlanProposed:
    return PlanProposed(
        event_id=derived("proposed", plan, revision),
        plan_id=plan,
        revision=revision,
        proposed_at=now,
        proposer=proposer,
        agent=AGENT,
        goal="remind",
        steps=steps,
        run=pause,
    )


def routed(plan: PlanProposed, catalogue: Catalogue = CATALOGUE) -> ApprovalRequested | PlanCleared:
    """As a router with this catalogue."""
    return route(plan, catalogue, now=plan.proposed_at)


def answers_to(request: ApprovalRequested) -> tuple[DecisionKind, ...]:
    """What a sensible reviewer may say."""
    allowed = request.review.terms.allowed
    return (*allowed, K.WITHDRAW) if K.APPROVE in allowed else allowed


def spoken(
    request: ApprovalRequested, kind: DecisionKind, by: str, at: datetime, **more: Any
) -> DecisionMade:
    """A decision; the same one said again is the same record."""
    return DecisionMade(
        event_id=derived("said", request.request_id, kind, by, at, sorted(more.items(), key=str)),
        **{
            "request_id": request.request_id,
            "plan_id": request.plan_id,
            "revision": request.revision,
            "digest": request.digest,
            "kind": kind,
            "decided_at": at,
            "decided_by": by,
            "decider": SPEAKERS[by],
            **more,
        },
    )
