"""All that a judge may look at: the topics, the store, the witness's file, and what was done to whom."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Engine, func, select

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
from gate_store.tables import decisions, gates, outbox, runs
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from plangate.torture.lines import read
from plangate.torture.places import Places
from plangate.wiring import schema_ids

R = TypeVar("R")

Line = Mapping[str, Any]


@dataclass(frozen=True)
class RunRow:
    """A run as the store has it at the end."""

    status: str
    plan_id: UUID | None = None
    error: str = ""


@dataclass(frozen=True)
class Evidence:
    """Records may stand in it several times: topics are read at least once."""

    threads: Sequence[str]  # all that should have been submitted
    submitted: Mapping[str, UUID] = field(default_factory=dict)  # what agents were told
    sent: Sequence[DecisionMade] = ()  # decisions that Kafka has taken
    proposed: Sequence[PlanProposed] = ()
    cleared: Sequence[PlanCleared] = ()
    requests: Sequence[ApprovalRequested] = ()
    decided: Sequence[DecisionMade] = ()
    verdicts: Sequence[PlanDecided] = ()
    outcomes: Sequence[PlanExecuted] = ()
    dead_letters: int = 0
    runs: Mapping[str, RunRow] = field(default_factory=dict)
    gates: Mapping[UUID, str] = field(default_factory=dict)
    dispositions: Mapping[UUID, str] = field(default_factory=dict)  # by decision
    in_outbox: int = 0
    calls: Sequence[Line] = ()
    claims: Sequence[Line] = ()
    faults: Sequence[Line] = ()


def gather(
    settings: Settings,
    store: Engine,
    places: Places,
    threads: Sequence[str],
    submitted: Mapping[str, UUID],
    sent: Sequence[DecisionMade],
) -> Evidence:
    """Read everything once the workers have stopped."""
    with store.connect() as conn:
        found = {row.thread_id: RunRow(row.status, row.plan_id, row.error) for row in conn.execute(_runs())}
        states = {row.gate_id: row.state for row in conn.execute(select(gates.c.gate_id, gates.c.state))}
        said = select(decisions.c.decision_id, decisions.c.disposition)
        dispositions = {row.decision_id: row.disposition for row in conn.execute(said)}
        left = conn.execute(select(func.count()).select_from(outbox)).scalar_one()
    return Evidence(
        threads=threads,
        submitted=submitted,
        sent=sent,
        proposed=_on_topic(settings, PlanProposed),
        cleared=_on_topic(settings, PlanCleared),
        requests=_on_topic(settings, ApprovalRequested),
        decided=_on_topic(settings, DecisionMade),
        verdicts=_on_topic(settings, PlanDecided),
        outcomes=_on_topic(settings, PlanExecuted),
        dead_letters=sum(1 for _ in read_all(settings, settings.topic(DEAD_LETTERS.name))),
        runs={thread: found[thread] for thread in threads if thread in found},
        gates=states,
        dispositions=dispositions,
        in_outbox=left,
        calls=list(read(places.calls)),
        claims=list(read(places.claims)),
        faults=list(read(places.faults)),
    )


def _runs() -> Any:
    return select(runs.c.thread_id, runs.c.status, runs.c.plan_id, runs.c.error)


def _on_topic(settings: Settings, record: type[R]) -> list[R]:
    ids = schema_ids(settings)
    schema_of_id = ids.schema_of if ids else None
    messages = read_all(settings, settings.topic(TOPIC_OF[record].name))
    return [decode(message.value(), record, schema_of_id) for message in messages]
