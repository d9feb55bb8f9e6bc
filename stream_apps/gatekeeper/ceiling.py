"""Which new question is asked at once, and which waits until its agent has fewer open gates.

What takes the place of an open question never waits, nor does what takes an executed plan back.
"""

import math
from collections import Counter
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from uuid import UUID

from sqlalchemy import Connection

from gate_events.records import ApprovalRequested
from gate_policy.limits import Limits
from gate_store.askers import Asker, lock_askers, open_of_askers, places_taken
from gate_store.plan_owners import PlanRecord
from gate_store.queued_plans import askers_with_queues

_TELLINGS = 2  # of one plan that wait: the second disputes the first, and a third changes nothing


@dataclass(slots=True)
class Room:
    """How many more questions may be open, of agents and of proposers with all their agents."""

    of_agents: dict[Asker, float] = field(default_factory=dict)
    of_proposers: dict[tuple[str, bool], float] = field(default_factory=dict)

    @classmethod
    def known(cls, conn: Connection, askers: Collection[Asker], limits: Limits) -> "Room":
        """As the store has it: in one look, however many names somebody invents."""
        of_agents = open_of_askers(conn, {each.proposer for each in askers})
        of_proposers: Counter[tuple[str, bool]] = Counter()
        for asker, count in of_agents.items():
            of_proposers[asker.proposer, asker.of_runs] += count
        proposers = {(each.proposer, each.of_runs) for each in askers}
        return cls(
            {each: _left(limits.open_gates, of_agents.get(each, 0)) for each in askers},
            {each: _left(limits.open_gates_of_proposer, of_proposers[each]) for each in proposers},
        )

    def left(self, asker: Asker) -> float:
        """How many more of this agent."""
        return min(self.of_agents[asker], self.of_proposers[asker.proposer, asker.of_runs])

    def take(self, asker: Asker, places: float = 1) -> None:
        """So many more are open."""
        self.of_agents[asker] -= places
        self.of_proposers[asker.proposer, asker.of_runs] -= places


@dataclass(slots=True)
class Ceiling:
    """The room of the askers of one batch. Without limits there is room for all."""

    limits: Limits = field(default_factory=Limits)
    room: Room = field(default_factory=Room)
    behind: set[Asker] = field(default_factory=set)  # of whose plans some wait already
    in_place: set[UUID] = field(default_factory=set)  # plans that never wait
    tellings: Counter[str] = field(default_factory=Counter)  # of plans that wait, by digest

    @classmethod
    def known(
        cls,
        conn: Connection,
        records: Collection[PlanRecord],
        queued: Iterable[ApprovalRequested],
        limits: Limits,
    ) -> "Ceiling":
        """As the store has it; nobody else opens gates of these proposers until the transaction ends."""
        tellings = Counter(each.digest for each in queued)
        if not limits.are_set:
            return cls(tellings=tellings)
        askers = sorted({Asker.of(each) for each in records})
        lock_askers(conn, askers)
        room, behind = Room.known(conn, askers, limits), askers_with_queues(conn, askers)
        return cls(limits, room, behind, places_taken(conn, records), tellings)

    def takes(self, record: PlanRecord, *, in_turn: bool = False) -> bool:
        """Whether a plan is asked about now; it then takes a place. `in_turn`: it waited, and is the next."""
        if not self.limits.are_set or record.plan_id in self.in_place:
            return True
        asker = Asker.of(record)
        if self.room.left(asker) < 1 or (asker in self.behind and not in_turn):
            return False
        self.room.take(asker)
        self.in_place.add(record.plan_id)  # for its next revision
        return True

    def note_queued(self, question: ApprovalRequested) -> None:
        """What comes after it of the same agent waits as well."""
        self.behind.add(Asker.of(question))
        self.tellings[question.digest] += 1

    def holds(self, digest: str) -> bool:
        """Whether this very plan waits."""
        return self.tellings[digest] > 0

    def holds_disputed(self, digest: str) -> bool:
        """Whether it waits as told in two ways already."""
        return self.tellings[digest] >= _TELLINGS


def _left(limit: int | None, open_: int) -> float:
    return math.inf if limit is None else limit - open_
