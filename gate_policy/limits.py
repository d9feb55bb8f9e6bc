"""How much may be asked of people at once."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """How many questions whether a plan may run are open at once; None: any number.

    `open_gates` of one proposer and agent, `open_gates_of_proposer` of one proposer with all its agents.
    """

    open_gates: int | None = None
    open_gates_of_proposer: int | None = None

    @property
    def are_set(self) -> bool:
        """Whether a plan may have to wait for its gate."""
        return self != Limits()
