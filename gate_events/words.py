"""The closed sets of words that records use. Their symbols stand in the Avro contracts as enums.

UNKNOWN is what a reader makes of a word that a newer version wrote: it is taken in the strictest way.
"""

from enum import Enum
from typing import Self, TypeVar

E = TypeVar("E", bound=Enum)


def known(words: type[E]) -> list[E]:
    """All words of a set but UNKNOWN."""
    return [word for word in words if word.name != "UNKNOWN"]


class _Ranked(Enum):
    """An enum whose order is the order of definition."""

    @property
    def counts_as(self) -> Self:
        """The word itself, or the strictest for UNKNOWN."""
        return self

    @property
    def rank(self) -> int:
        """Position in the order, from 0."""
        return list(type(self)).index(self.counts_as)

    def __lt__(self, other: Self) -> bool:
        return self.rank < other.rank

    def __le__(self, other: Self) -> bool:
        return self.rank <= other.rank


class Tier(_Ranked):
    """How far an action can be taken back. The highest tier of its steps is a plan's tier."""

    REVERSIBLE = "REVERSIBLE"
    PARTIALLY_REVERSIBLE = "PARTIALLY_REVERSIBLE"
    IRREVERSIBLE = "IRREVERSIBLE"
    UNKNOWN = "UNKNOWN"

    @property
    def counts_as(self) -> "Tier":
        """The tier itself; UNKNOWN counts as IRREVERSIBLE."""
        return Tier.IRREVERSIBLE if self is Tier.UNKNOWN else self

    @property
    def number(self) -> int:
        """1, 2 or 3, as people say it."""
        return self.rank + 1


class Level(_Ranked):
    """How much autonomy an action type has earned."""

    L0 = "L0"  # a human approves before
    L1 = "L1"  # execute, then review all of it
    L2 = "L2"  # a sampled audit
    L3 = "L3"  # monitor
    UNKNOWN = "UNKNOWN"

    @property
    def counts_as(self) -> "Level":
        """The level itself; UNKNOWN counts as L0."""
        return Level.L0 if self is Level.UNKNOWN else self


class PauseKind(Enum):
    """How a LangGraph run stopped at the gate."""

    DYNAMIC = "DYNAMIC"  # interrupt() inside a node
    STATIC = "STATIC"  # compiled with interrupt_before
    UNKNOWN = "UNKNOWN"


class RequestKind(Enum):
    """What a human is asked."""

    PLAN = "PLAN"  # may this plan run (or: was it right)
    IN_DOUBT = "IN_DOUBT"  # did this effect happen
    UNKNOWN = "UNKNOWN"


class Timing(Enum):
    """Whether the review stands before or after the execution."""

    BEFORE = "BEFORE"
    AFTER = "AFTER"
    UNKNOWN = "UNKNOWN"


class DecisionKind(Enum):
    """Every way in which a gate can change. Those behind RESOLVE are read, and refused so far."""

    APPROVE = "APPROVE"
    EDIT = "EDIT"
    REJECT = "REJECT"
    RESPOND = "RESPOND"
    CONFIRM = "CONFIRM"
    UNDO = "UNDO"
    WITHDRAW = "WITHDRAW"
    EXPIRE = "EXPIRE"
    SUPERSEDE = "SUPERSEDE"
    RESOLVE = "RESOLVE"
    ABSTAIN = "ABSTAIN"
    CLAIM = "CLAIM"
    RELEASE = "RELEASE"
    ASSIGN = "ASSIGN"
    SNOOZE = "SNOOZE"
    ADD_REVIEWER = "ADD_REVIEWER"
    BREAK_GLASS = "BREAK_GLASS"
    GRANT = "GRANT"
    REVOKE = "REVOKE"
    UNKNOWN = "UNKNOWN"


class DeciderKind(Enum):
    """Who spoke."""

    PERSON = "PERSON"
    SERVICE = "SERVICE"
    PROPOSER = "PROPOSER"
    CLOCK = "CLOCK"
    GATE = "GATE"
    LINK = "LINK"
    SUBSTITUTE = "SUBSTITUTE"
    UNKNOWN = "UNKNOWN"


class Resolution(Enum):
    """A human's answer about an effect in doubt."""

    HAPPENED = "HAPPENED"
    RETRY = "RETRY"
    ABANDON = "ABANDON"
    UNKNOWN = "UNKNOWN"


class GateState(Enum):
    """An approval request enters PENDING, the deciding decision leaves it; the others never change."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    RESPONDED = "RESPONDED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"
    UNKNOWN = "UNKNOWN"


class OutcomeStatus(Enum):
    """How the execution of a plan ended, or that it has begun."""

    DONE = "DONE"
    FAILED = "FAILED"
    NOT_RUN = "NOT_RUN"
    BEGUN = "BEGUN"
    UNKNOWN = "UNKNOWN"


class StepStatus(Enum):
    """What became of one step."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"
    SKIPPED = "SKIPPED"
    UNKNOWN = "UNKNOWN"

    @property
    def in_doubt(self) -> bool:
        """Whether nobody can tell what became of the step; a word that is not known tells nothing."""
        return self in (StepStatus.IN_DOUBT, StepStatus.UNKNOWN)
