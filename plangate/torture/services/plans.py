"""What services propose: the same for the same seed."""

from collections.abc import Sequence
from uuid import UUID

from gate_events.ids import derived
from gate_events.values import Step as StepRecord
from plangate import Plan, Step
from plangate.torture.chance import chance

WITH_STORE, WITHOUT_STORE = "with a store", "without a store"
# `bill` and `file` may not be repeated; a service without a store repeats after a crash, so all of its may.
ACTIONS = {WITH_STORE: ("bill", "ship", "share", "stamp", "file"), WITHOUT_STORE: ("mail", "print")}
ALL_ACTIONS = tuple(action for actions in ACTIONS.values() for action in actions)
HARMLESS = {WITH_STORE: "file", WITHOUT_STORE: "print"}
GATED = {WITH_STORE: "bill", WITHOUT_STORE: "mail"}
PROPOSER, AGENT = "Café du Nord", "Zoë the clerk"  # names that can be spelled in more than one way


def group_of(service: str) -> str:
    """The consumer group of a service."""
    return f"torture-service-{service.replace(' ', '-')}"


def serves(steps: Sequence[StepRecord]) -> str:
    """Which of the services carries these steps out; empty where none does."""
    for service, actions in ACTIONS.items():
        if steps and all(step.action_type in actions for step in steps):
            return service
    return ""


def plan_id(seed: int, number: int) -> UUID:
    """The id of the service's plan of that number. That it can be foreseen is meant."""
    return derived("torture service plan", seed, number)


def plan(seed: int, number: int) -> Plan:
    """The plan of that number: steps of one action type, so that its tier is that action's."""
    dice = chance(seed, "service plan", number)
    service = WITH_STORE if dice.random() < 0.7 else WITHOUT_STORE
    action = dice.choice(ACTIONS[service])
    steps = [
        Step(action, {"label": f"service{number}/0/{place}", "amount": dice.randint(1, 1000)})
        for place in range(dice.randint(1, 3))
    ]
    return Plan(steps, goal="be tortured", agent=AGENT, proposer=PROPOSER)
