"""All that a judge may look at: the topics, the store, the witness's file, and what was done to whom.

What stands here as said was said by the honest: the lies are apart.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from confluent_kafka import Message
from sqlalchemy import Engine

from gate_events.codec import decode
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
)
from gate_events.topics import DEAD_LETTERS, TOPIC_OF
from gate_events.words import OutcomeStatus
from gate_store.database import open_store
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from plangate.torture.buried import Buried, buried
from plangate.torture.liars.told import Lie, Told
from plangate.torture.lines import read
from plangate.torture.places import Places
from plangate.torture.rows import NO_ROWS, Rows, RunRow, rows
from plangate.wiring import schema_ids

R = TypeVar("R")

Line = Mapping[str, Any]


@dataclass(frozen=True)
class Evidence:
    """Records may stand in it several times: topics are read at least once."""

    threads: Sequence[str]  # all that should have been submitted
    submitted: Mapping[str, UUID] = field(default_factory=dict)  # what agents were told
    sent: Sequence[DecisionMade] = ()  # decisions that Kafka has taken
    service_plans: Sequence[PlanProposed] = ()  # the same of plans for services
    proposed: Sequence[PlanProposed] = ()
    cleared: Sequence[PlanCleared] = ()
    requests: Sequence[ApprovalRequested] = ()
    decided: Sequence[DecisionMade] = ()
    verdicts: Sequence[PlanDecided] = ()
    outcomes: Sequence[PlanExecuted] = ()
    buried: Sequence[Buried] = ()
    runs: Mapping[str, RunRow] = field(default_factory=dict)
    gates: Mapping[UUID, str] = field(default_factory=dict)
    dispositions: Mapping[tuple[UUID, UUID], str] = field(default_factory=dict)  # by decision and gate
    in_outbox: int = 0
    rows: Rows = NO_ROWS
    told: Told = field(default_factory=Told)
    calls: Sequence[Line] = ()
    claims: Sequence[Line] = ()
    faults: Sequence[Line] = ()

    @property
    def lies(self) -> Sequence[Lie]:
        """What liars told."""
        return self.told.lies


@dataclass(frozen=True)
class Said:
    """What the honest know that they said, and what the liar does."""

    threads: Sequence[str]
    submitted: Mapping[str, UUID]
    decisions: Sequence[DecisionMade]
    service_plans: Sequence[PlanProposed]
    told: Told


def gather(settings: Settings, places: Places, said: Said) -> Evidence:
    """Read everything once the workers have stopped."""
    store: Engine = open_store(settings.store_url)
    with store.connect() as conn:
        found = rows(conn)
    store.dispose()
    topics = _Topics(settings, said.told)
    return Evidence(
        threads=said.threads,
        submitted=said.submitted,
        sent=said.decisions,
        service_plans=said.service_plans,
        proposed=topics.of(PlanProposed),
        cleared=topics.of(PlanCleared),
        requests=topics.of(ApprovalRequested),
        decided=topics.of(DecisionMade),
        verdicts=topics.of(PlanDecided),
        outcomes=[each for each in topics.of(PlanExecuted) if each.status is not OutcomeStatus.BEGUN],
        buried=[buried(each) for each in topics.messages(DEAD_LETTERS.name)],
        runs={thread: found.runs[thread] for thread in said.threads if thread in found.runs},
        gates={gate.request.request_id: gate.state for gate in found.gates},
        dispositions={
            (row.decision.event_id, row.decision.request_id): row.disposition for row in found.decisions
        },
        in_outbox=found.in_outbox,
        rows=found,
        told=said.told,
        calls=list(read(places.calls)),
        claims=list(read(places.claims)),
        faults=list(read(places.faults)),
    )


class _Topics:
    """Reads topics, and leaves the lies out."""

    def __init__(self, settings: Settings, told: Told) -> None:
        self._settings = settings
        self._told = told
        ids = schema_ids(settings)
        self._schema_of_id = ids.schema_of if ids else None

    def messages(self, name: str) -> Sequence[Message]:
        return list(read_all(self._settings, self._settings.topic(name)))

    def of(self, record: type[R]) -> list[R]:
        return [
            decode(message.value(), record, self._schema_of_id)
            for message in self.messages(TOPIC_OF[record].name)
            if not self._told.is_lie(message.value())
        ]
