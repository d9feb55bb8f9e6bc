"""A gate as a decision meets it, and what the decision amounts to."""

from dataclasses import dataclass

from gate_events.records import ApprovalRequested
from gate_events.words import GateState
from gate_store.dispositions import Fate


@dataclass(frozen=True, slots=True)
class GateView:
    """A gate as a decision meets it."""

    request: ApprovalRequested
    state: GateState = GateState.PENDING
    approved_by: frozenset[str] = frozenset()  # the voices of a quorum so far, as names are compared
    newer: str | None = None  # what took its place, though nobody has said so here yet


@dataclass(frozen=True, slots=True)
class Ruling:
    """What a decision amounts to; `state` is the gate's new one where the fate is DECIDED."""

    fate: Fate
    why: str
    state: GateState | None = None


def refused(why: str) -> Ruling:
    """It may not be."""
    return Ruling(Fate.REFUSED, why)
