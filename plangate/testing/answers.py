"""What the reviewer of a test says."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from gate_events.words import GateState
from producers.plan import Plan
from producers.step import AnyStep, Step, step_value

REVIEWER = "reviewer"


@dataclass(frozen=True)
class Answer:
    """The gate's final word on a plan. `steps` None: as they were proposed; else they were edited."""

    state: GateState
    note: str = ""
    by: str = REVIEWER
    steps: tuple[Step, ...] | None = None


Answering = Answer | Callable[[Plan], Answer]


def approve(steps: Iterable[AnyStep] | None = None, *, note: str = "", by: str = REVIEWER) -> Answer:
    """Approved; with `steps`, approved as edited: they keep their ids.

    Raises UnencodableError for what is no step.
    """
    edited = None if steps is None else tuple(Step.of_value(step_value(step)) for step in steps)
    return Answer(GateState.APPROVED, note, by, edited)


def reject(note: str = "", *, by: str = REVIEWER) -> Answer:
    """Rejected."""
    return Answer(GateState.REJECTED, note, by)


def respond(note: str, *, by: str = REVIEWER) -> Answer:
    """Answered with words, for the agent to plan again."""
    return Answer(GateState.RESPONDED, note, by)


def expire() -> Answer:
    """Nobody decided in time."""
    return Answer(GateState.EXPIRED, by="plangate")
