"""True records once more, long after their time: byte by byte, so that nothing tells them from the first."""

from collections.abc import Sequence

from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DECISIONS, OUTCOMES, PLANS
from plangate.torture.liars.lie import Heard, Pen, lie


def _old(topic: str, pen: Pen) -> Sequence[Heard]:
    known = pen.learned.oldest.get(topic)
    return (pen.dice.choice(known),) if known else ()


@lie(PLANS.name)
def plan_told_again(heard: Heard, pen: Pen) -> Sequence[Heard]:
    """An old proposal."""
    return _old(heard.topic, pen)


@lie(AUTO_EXECUTE.name)
def clearance_told_again(heard: Heard, pen: Pen) -> Sequence[Heard]:
    """An old clearance."""
    return _old(heard.topic, pen)


@lie(APPROVAL_REQUESTS.name)
def request_told_again(heard: Heard, pen: Pen) -> Sequence[Heard]:
    """An old question."""
    return _old(heard.topic, pen)


@lie(DECISIONS.name)
def decision_told_again(heard: Heard, pen: Pen) -> Sequence[Heard]:
    """An old decision."""
    return _old(heard.topic, pen)


@lie(OUTCOMES.name)
def outcome_told_again(heard: Heard, pen: Pen) -> Sequence[Heard]:
    """An old outcome."""
    return _old(heard.topic, pen)
