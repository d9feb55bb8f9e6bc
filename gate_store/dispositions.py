"""What became of a decision."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Fate(StrEnum):
    """WAITING: its gate is not there yet. DECIDED: it closed the gate. COUNTED: one voice of a quorum.

    LATE: the gate was closed, or its deadline over. REFUSED: it may not be. DEAD_LETTER: nor may it be
    recorded under its id. The last three change nothing.
    """

    WAITING = "WAITING"
    DECIDED = "DECIDED"
    COUNTED = "COUNTED"
    LATE = "LATE"
    REFUSED = "REFUSED"
    DEAD_LETTER = "DEAD_LETTER"


@dataclass(frozen=True, slots=True)
class Disposition:
    """The fate of one decision, and why in plain words."""

    decision_id: UUID
    fate: Fate
    why: str
