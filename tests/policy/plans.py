"""Small plans and catalogues for the policy tests."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from gate_events.records import PlanProposed
from gate_events.values import Agent, Step
from gate_events.words import Tier
from gate_policy.catalogue import Catalogue, load_catalogue

NOW = datetime(2026, 3, 2, 8, 30, tzinfo=UTC)
PLAN = UUID(int=1)
OTHER_PLAN = UUID(int=2)
HEAD = "version: 1\nactions:\n"

OFFICE = """
version: 1
defaults: {deadline: 8h, use_by: 1h, reviewers: [desk]}
roles: {desk: [ana, ben], money: [carla, dev, ana]}
actions:
  read: {tier: REVERSIBLE, idempotent: true, says: "Read {{ file }}"}
  note: {tier: REVERSIBLE, says: "Note {{ text }}"}
  tag:
    tier: PARTIALLY_REVERSIBLE
    says: "Tag {{ who }} as {{ tag }}"
    undo: {action: untag, arguments: {who: "{{ who }}", tag: "{{ tag }}"}}
  untag:
    tier: PARTIALLY_REVERSIBLE
    undo: {action: tag, arguments: {who: "{{ who }}"}}
  close: {tier: PARTIALLY_REVERSIBLE, high_stakes: true, undo: {action: open}}
  open: {tier: PARTIALLY_REVERSIBLE}
  mail:
    tier: IRREVERSIBLE
    says: "Mail {{ to }}: {{ subject }}"
    group: "Send {{ n }} mails: {{ subject }}"
    secret: [password]
    effect: {key: "mail:{{ to }}", window: 24h}
"""


def office(more: str = "") -> Catalogue:
    """The office's catalogue, with more YAML at its end."""
    return load_catalogue(OFFICE + more)


def step(name: str, action: str, claimed: Tier | None = None, /, **arguments: Any) -> Step:
    return Step(step_id=name, action_type=action, arguments=arguments, claimed_tier=claimed)


def mail(name: str, to: str, subject: str = "hello", **more: Any) -> Step:
    return step(name, "mail", to=to, subject=subject, **more)


def plan(*steps: Step, **fields: Any) -> PlanProposed:
    given: dict[str, Any] = {
        "event_id": UUID(int=9),
        "plan_id": PLAN,
        "proposed_at": NOW,
        "proposer": "biller",
        "agent": Agent(name="biller", model="m-1"),
        "goal": "tidy up",
        "steps": steps,
    }
    return PlanProposed(**{**given, **fields})
