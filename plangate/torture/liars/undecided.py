"""A lie that what is asked was done already comes before the approval, or it is not told.

From the approval on, nothing but the broker's ACLs tells a liar from who executes the plan (`bounds`).
"""

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Outcome:
    """The outcome of which a lie tells."""

    plan_id: UUID
    digest: str
    attempt: int


class Undecided:
    """Which gates were lied about so, and which are decided. For the liar's thread and the reviewers'."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._decided: set[UUID] = set()
        self._lied: dict[UUID, Outcome] = {}

    def lie(self, gate_id: UUID, told: Outcome) -> bool:
        """Whether the one lie about this gate may be told: nobody has decided, and none was told before."""
        with self._lock:
            free = gate_id not in self._decided and gate_id not in self._lied
            if free:
                self._lied[gate_id] = told
            return free

    def decide(self, gate_ids: Collection[UUID]) -> Mapping[UUID, Outcome]:
        """Note that these are decided now; returns the lies about them, for which they may have to wait."""
        with self._lock:
            lied = {gate_id: self._lied[gate_id] for gate_id in gate_ids if gate_id in self._lied}
            self._decided |= set(gate_ids) - lied.keys()
            return lied
