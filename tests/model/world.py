"""The real store under the model: one database, two engine ports, topics as lists, a clock that is set."""

import asyncio
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine, delete, select, text

from gate_events.codec import decode
from gate_events.contracts import SINGLE_OBJECT, contract_of
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanDecided,
    PlanExecuted,
    PlanProposed,
    Record,
)
from gate_events.topics import TOPICS
from gate_policy.catalogue import Catalogue
from gate_store.awaited import ask_for_outcomes, settle_waiting_outcomes
from gate_store.clock import SILENT_FOR, ask_again, ask_expiry, ask_expiry_again, settle_waiting
from gate_store.database import open_store
from gate_store.decisions import apply_decisions
from gate_store.dialects import read, whole
from gate_store.engine.open import open_engine_store
from gate_store.engine.port import EngineStore
from gate_store.engine.sqlite.store import SqliteEngineStore
from gate_store.gates import open_gates
from gate_store.lost_claims import doubt_lost_claims
from gate_store.said import Said
from gate_store.savers.serde import strict_serde
from gate_store.store_url import is_postgres
from gate_store.tables import (
    clearances,
    decisions,
    effects,
    gates,
    metadata,
    outbox,
    plan_outcomes,
    revocations,
    runs,
    stale_clearances,
)
from gate_store.waiting_plans import settle_waiting_plans
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.gatekeeper.edits import edited_again
from tests.model.universe import CATALOGUE, PATIENCE, Sent
from tests.store.acting import look_at_doubts
from tests.store.examples import NOON
from tests.stores import migrated

T = TypeVar("T")

MINUTE = timedelta(minutes=1)
WORKERS = ("w1", "w2")
_RECORDS = {topic.record.__name__: topic.record for topic in TOPICS}
_OF_A_GATE = ("gate_id", "state", "plan_id", "revision", "digest", "kind", "timing", "attempt", "deadline")
_CHECKPOINTS = ("checkpoints", "writes")
_ON_POSTGRES = ("checkpoints", "checkpoint_blobs", "checkpoint_writes")

# PostgreSQL's leases go by its own clock: these functions stand before its own in the search path.
_CLOCK = (
    "CREATE TABLE model_clock (at timestamptz)",
    "INSERT INTO model_clock VALUES (now())",
    "CREATE FUNCTION public.now() RETURNS timestamptz LANGUAGE sql STABLE"
    " AS 'SELECT at FROM public.model_clock'",
    "CREATE FUNCTION public.clock_timestamp() RETURNS timestamptz LANGUAGE sql STABLE"
    " AS 'SELECT at FROM public.model_clock'",
)


@dataclass
class Log:
    """A topic: `read` records were delivered at least once."""

    kind: type[Any]
    records: list[Sent] = field(default_factory=list)
    read: int = 0


@dataclass(frozen=True)
class Picture:
    """What stands in the store."""

    gates: dict[UUID, Any]
    decisions: dict[UUID, Any]
    runs: dict[str, Any]
    effects: dict[UUID, Any]
    cleared: dict[str, Any]  # by digest
    outcomes: dict[UUID, Any]  # that are kept, by event id
    revoked: set[str]
    stale: set[tuple[str, int]]  # clearances: digest and attempt
    outbox: list[tuple[int, Record]]


class World:
    """Opened once for all examples; `begin` empties it for the next."""

    def __init__(self, url: str) -> None:
        migrated(url)
        self._postgres = is_postgres(url)
        if self._postgres:
            _set_up_clock(url)
        self.store: Engine = open_store(url)
        self._loop = asyncio.new_event_loop()
        self.ports: dict[str, EngineStore] = {worker: self._port(url) for worker in WORKERS}
        for port in self.ports.values():
            self.do(port.open())
        self.begin()

    def _port(self, url: str) -> EngineStore:
        if self._postgres:
            return open_engine_store(url)
        return SqliteEngineStore(url, strict_serde(), lambda: self.now)

    def do(self, work: Coroutine[Any, Any, T]) -> T:
        return self._loop.run_until_complete(work)

    def close(self) -> None:
        for port in self.ports.values():
            self.do(port.close())
        self.store.dispose()
        self._loop.close()

    def begin(self) -> None:
        self.logs: dict[type[Any], Log] = {
            kind: Log(kind) for kind in (PlanCleared, ApprovalRequested, PlanExecuted, DecisionMade)
        }
        self.catalogue = CATALOGUE
        self.empty()
        self.set_clock(NOON)

    def empty(self) -> None:
        with self.store.begin() as conn:
            _allow_deletion(conn)
            for table in reversed(metadata.sorted_tables):
                conn.execute(delete(table))
            for name in _ON_POSTGRES if self._postgres else _CHECKPOINTS:
                conn.execute(text(f"DELETE FROM {name}"))  # noqa: S608 - constants

    def set_clock(self, now: datetime) -> None:
        self.now = now
        if self._postgres:
            with self.store.begin() as conn:
                conn.execute(text("UPDATE model_clock SET at = :now"), {"now": now})

    # --- Kafka ---

    def send(self, record: Any) -> None:
        """Append to the record's topic, if anything in the store reads that."""
        if type(record) in self.logs:
            self.logs[type(record)].records.append(Sent(record, self.now))

    def deliver(
        self,
        batch: Sequence[Sent],
        *,
        commit: bool = True,
        catalogue: Catalogue | None = None,
        clock: timedelta = timedelta(),
    ) -> Mapping[int, str]:
        """One transaction of a gatekeeper; by place in the batch why something became a dead letter.

        `clock`: how far ahead its own is.
        """
        records, moments = [each.record for each in batch], [each.at for each in batch]
        with self.store.connect() as conn, conn.begin() as transaction:
            committed = commit_batch(conn, records, catalogue or self.catalogue, self.now + clock, moments)
            if not commit:
                transaction.rollback()
        return committed.refused

    def replay(self, sent: Sent, verdicts: Mapping[UUID, PlanDecided]) -> None:
        """One record of a log that is replayed into an empty store."""
        record = sent.record
        with self.store.begin() as conn:
            if isinstance(record, ApprovalRequested):
                said = open_gates(conn, [record], self.now)
            else:
                said = [Said(record, sent.at)]
            apply_decisions(conn, said, self.now, _retier, _undo, verdicts)

    def tick(self, clock: timedelta = timedelta()) -> list[Any]:
        """The ticker's work, by a clock that is so far ahead; returns the records that were given up."""
        now = self.now + clock
        with self.store.begin() as conn:
            ask_expiry(conn, now)
            ask_expiry_again(conn, now, MINUTE)
            look_at_doubts(conn, now)
            doubt_lost_claims(conn, now)
            ask_again(conn, now, partial(edited_again, catalogue=self.catalogue))
            ask_for_outcomes(conn, now, SILENT_FOR)
            given_up: list[Any] = []
            for told, why in (
                *settle_waiting(conn, now, PATIENCE),
                *settle_waiting_plans(conn, now, PATIENCE),
                *settle_waiting_outcomes(conn, now, PATIENCE).letters,
            ):
                assert " " in why, "given up without a sentence"
                given_up.append(told)
        return given_up

    def forget(self, rows: Sequence[int]) -> None:
        """What was published leaves the outbox."""
        with self.store.begin() as conn:
            conn.execute(delete(outbox).where(outbox.c.id.in_(rows)))

    # --- looking ---

    def picture(self) -> Picture:
        with self.store.begin() as conn:
            found_gates = conn.execute(
                select(
                    *(gates.c[name] for name in _OF_A_GATE),
                    whole(gates.c.verdict).label("verdict"),
                )
            ).all()
            found_decisions = conn.execute(select(decisions)).all()
            found_runs = conn.execute(select(runs)).all()
            found_effects = conn.execute(select(effects)).all()
            found_cleared = conn.execute(
                select(clearances.c.digest, clearances.c.plan_id, clearances.c.gate_id, clearances.c.attempt)
            ).all()
            found_outcomes = conn.execute(select(plan_outcomes)).all()
            found_stale = conn.execute(select(stale_clearances.c.digest, stale_clearances.c.attempt)).all()
            found_revoked = conn.execute(select(revocations.c.digest)).scalars()
            rows = conn.execute(select(outbox).order_by(outbox.c.id)).all()
        return Picture(
            {row.gate_id: row for row in found_gates},
            {row.decision_id: row for row in found_decisions},
            {row.thread_id: row for row in found_runs},
            {row.effect_id: row for row in found_effects},
            {row.digest: row for row in found_cleared},
            {UUID(row.record["event_id"]): row for row in found_outcomes},
            set(found_revoked),
            {(row.digest, row.attempt) for row in found_stale},
            [(row.id, _record(row)) for row in rows],
        )

    def shown(self, gate: UUID) -> ApprovalRequested:
        """The question as reviewers see it."""
        with self.store.begin() as conn:
            stored = conn.execute(select(whole(gates.c.request)).where(gates.c.gate_id == gate)).scalar_one()
        return read(stored, ApprovalRequested)

    def has_checkpoint(self, thread: str, name: str) -> bool:
        return self.do(self.ports["w1"].read(thread, "", name)) is not None


def _retier(request: ApprovalRequested, edit: DecisionMade) -> str:
    raise AssertionError("a replay takes edits as they counted")


def _undo(request: ApprovalRequested, said: DecisionMade, outcome: PlanExecuted | None) -> PlanProposed | str:
    raise AssertionError("a replay takes undos as they counted")


def head_of(thread: str) -> Any:
    """What a put follows on, where no checkpoint was there before."""
    return SimpleNamespace(config={"configurable": {"thread_id": thread, "checkpoint_ns": ""}})


def _record(row: Any) -> Record:
    kind = _RECORDS[row.record]
    made: Record = decode(SINGLE_OBJECT + contract_of(kind).fingerprint + row.body, kind)
    return made


def _allow_deletion(conn: Connection) -> None:
    """What is revoked stays so, but for the next example."""
    if conn.dialect.name == "postgresql":
        conn.execute(text("SET LOCAL session_replication_role = replica"))
        return
    found = conn.execute(
        text("SELECT name FROM sqlite_master WHERE type = 'trigger' AND sql LIKE :deletion"),
        {"deletion": "%BEFORE DELETE ON revocations%"},
    )
    for name in found.scalars().all():
        conn.execute(text(f"DROP TRIGGER {name}"))


def _set_up_clock(url: str) -> None:
    engine = open_store(url, pool_size=1)
    with engine.begin() as conn:
        for statement in _CLOCK:
            conn.execute(text(statement))
        name = conn.execute(text("SELECT current_database()")).scalar_one()
        conn.execute(text(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog'))
    engine.dispose()
