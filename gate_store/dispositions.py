"""What became of a decision."""

from dataclasses import dataclass
from datetime import timedelta
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
    """The fate of one decision, and why in plain words.

    `open_for`: how long the gate had been open that it closed just now; None: it closed none, or did before.
    """

    decision_id: UUID
    fate: Fate
    why: str
    open_for: timedelta | None = None
