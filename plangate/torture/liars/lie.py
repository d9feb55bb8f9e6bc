"""What a lie is made of, and the register of its kinds."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from gate_events.ids import derived
from gate_events.records import ApprovalRequested
from gate_events.values import Step
from plangate.torture.liars.undecided import Undecided

LIAR = "mallory"
OWN = "lie"  # how the labels of a liar's own steps begin


@dataclass(frozen=True)
class Heard:
    """A record of an honest party, as it came; `topic` is without its prefix."""

    topic: str
    record: Any
    key: bytes | None
    value: bytes
    headers: Any


@dataclass
class Learned:
    """What a liar picked up by listening."""

    seed: int
    policy: str = "0" * 64  # the digest of the catalogue, as the router writes it
    asked: list[ApprovalRequested] = field(default_factory=list)  # the last questions
    oldest: dict[str, list[Heard]] = field(default_factory=dict)  # the first records of each topic
    service_plans: int = 0  # how many of the services' plans have come by
    approved: set[str] = field(default_factory=set)  # digests of what may run by a verdict
    undecided: Undecided = field(default_factory=Undecided)


@dataclass(frozen=True)
class Pen:
    """What one lie is written with."""

    number: int
    dice: Random
    learned: Learned

    @property
    def plan_id(self) -> UUID:
        """A plan id of the liar's own."""
        return derived("lie", self.learned.seed, self.number)

    def steps(self, action_type: str, count: int = 1) -> tuple[Step, ...]:
        """Steps of the liar's own."""
        return tuple(
            Step(
                step_id=f"s{place}",
                action_type=action_type,
                arguments={"label": f"{OWN}{self.number}/0/{place}", "amount": 999_999},
            )
            for place in range(1, count + 1)
        )


Makes = Callable[[Heard, Pen], Sequence[Any]]
"""The records of a lie about what was heard; none where it does not fit."""


@dataclass(frozen=True)
class Kind:
    """A kind of lie; `hears` is the topic whose records provoke it.

    `is_true_later`: an honest party says the same, letter by letter, when it is time.
    """

    name: str
    hears: str
    makes: Makes
    is_true_later: bool = False


KINDS: dict[str, Kind] = {}


def lie(hears: str, *, is_true_later: bool = False) -> Callable[[Makes], Makes]:
    """Register a kind of lie under the name of its function."""

    def register(makes: Makes) -> Makes:
        name = makes.__name__
        KINDS[name] = Kind(name, hears, makes, is_true_later)
        return makes

    return register


def is_own(steps: Sequence[Step]) -> bool:
    """Whether these steps are a liar's."""
    return any(str(step.arguments.get("label", "")).startswith(OWN) for step in steps)
