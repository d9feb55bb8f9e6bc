"""The closed sets of words that records use. Their symbols stand in the Avro contracts as enums."""

from enum import Enum
from typing import Self


class _Ranked(Enum):
    """An enum whose order is the order of definition."""

    @property
    def rank(self) -> int:
        """Position in the order, from 0."""
        return list(type(self)).index(self)

    def __lt__(self, other: Self) -> bool:
        return self.rank < other.rank

    def __le__(self, other: Self) -> bool:
        return self.rank <= other.rank


class Tier(_Ranked):
    """How far an action can be taken back. The highest tier of its steps is a plan's tier."""

    REVERSIBLE = "REVERSIBLE"
    PARTIALLY_REVERSIBLE = "PARTIALLY_REVERSIBLE"
    IRREVERSIBLE = "IRREVERSIBLE"

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


class PauseKind(Enum):
    """How a LangGraph run stopped at the gate."""

    DYNAMIC = "DYNAMIC"  # interrupt() inside a node
    STATIC = "STATIC"  # compiled with interrupt_before


class RequestKind(Enum):
    """What a human is asked."""

    PLAN = "PLAN"  # may this plan run (or: was it right)
    IN_DOUBT = "IN_DOUBT"  # did this effect happen


class Timing(Enum):
    """Whether the review stands before or after the execution."""

    BEFORE = "BEFORE"
    AFTER = "AFTER"


class DecisionKind(Enum):
    """Every way in which a gate can change."""

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


class DeciderKind(Enum):
    """Who spoke."""

    PERSON = "PERSON"
    SERVICE = "SERVICE"
    PROPOSER = "PROPOSER"
    CLOCK = "CLOCK"
    GATE = "GATE"


class Resolution(Enum):
    """A human's answer about an effect in doubt."""

    HAPPENED = "HAPPENED"
    RETRY = "RETRY"
    ABANDON = "ABANDON"


class GateState(Enum):
    """An approval request enters PENDING, the deciding decision leaves it; the others never change."""

    PENDING = "PENDING"
    APPROVED = "APPROVED"
    REJECTED = "REJECTED"
    RESPONDED = "RESPONDED"
    EXPIRED = "EXPIRED"
    WITHDRAWN = "WITHDRAWN"
    SUPERSEDED = "SUPERSEDED"


class OutcomeStatus(Enum):
    """How the execution of a plan ended."""

    DONE = "DONE"
    FAILED = "FAILED"
    NOT_RUN = "NOT_RUN"


class StepStatus(Enum):
    """What became of one step."""

    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    IN_DOUBT = "IN_DOUBT"
    SKIPPED = "SKIPPED"
