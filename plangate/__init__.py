"""What agent authors import: `from plangate import Plan, Step, gate, effect, effects, submit`.

Importing this loads nothing; each name loads what it needs at its first use.
"""

import sys
from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from gate_events.values import Agent
    from gate_events.words import DecisionKind, GateState, Tier
    from producers.decisions import decide
    from producers.effect import effect
    from producers.effects import effects
    from producers.follow import follow
    from producers.gate import gate
    from producers.incidents import report
    from producers.kafka_producer import KafkaProducer
    from producers.plan import Plan
    from producers.plans import propose
    from producers.run_outcome import RunOutcome, outcome
    from producers.step import Step
    from producers.submit import Submitted, asubmit, submit
    from producers.verdict import Verdict
    from producers.verdicts import verdicts

_HOMES = {
    "Agent": "gate_events.values",
    "DecisionKind": "gate_events.words",
    "GateState": "gate_events.words",
    "KafkaProducer": "producers.kafka_producer",
    "Plan": "producers.plan",
    "RunOutcome": "producers.run_outcome",
    "Step": "producers.step",
    "Submitted": "producers.submit",
    "Tier": "gate_events.words",
    "Verdict": "producers.verdict",
    "asubmit": "producers.submit",
    "decide": "producers.decisions",
    "effect": "producers.effect",
    "effects": "producers.effects",
    "follow": "producers.follow",
    "gate": "producers.gate",
    "outcome": "producers.run_outcome",
    "propose": "producers.plans",
    "report": "producers.incidents",
    "submit": "producers.submit",
    "verdicts": "producers.verdicts",
}

__all__ = [
    "Plan",
    "Step",
    "Agent",
    "Tier",
    "gate",
    "Verdict",
    "GateState",
    "effect",
    "effects",
    "submit",
    "asubmit",
    "Submitted",
    "outcome",
    "RunOutcome",
    "follow",
    "verdicts",
    "KafkaProducer",
    "propose",
    "decide",
    "DecisionKind",
    "report",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(
            f"module 'plangate' has no attribute {name!r}; it has {', '.join(sorted(_HOMES))}"
        )
    try:
        return getattr(import_module(_HOMES[name]), name)
    except ModuleNotFoundError as error:
        raise _told_apart(error) from error


def _told_apart(error: ModuleNotFoundError) -> ImportError:
    """A project's own folder `producers` hides the package of that name: say so."""
    package = (error.name or "").partition(".")[0]
    hiding = getattr(sys.modules.get(package), "__path__", None)
    if package not in {"producers", "gate_events"} or not hiding:
        return error
    return ImportError(f"{next(iter(hiding))} hides Plangate's package {package!r}: rename that folder")


def __dir__() -> list[str]:
    return sorted(_HOMES)
