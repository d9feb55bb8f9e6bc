"""The real store under the model: one database, two engine ports, topics as lists, a clock that is set."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from types import SimpleNamespace
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Engine, delete, select, text

from gate_events.codec import decode
from gate_events.contracts import SINGLE_OBJECT, contract_of
from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted, Record
from gate_events.topics import TOPICS
from gate_store.clearances import record_cleared
from gate_store.clock import ask_again, ask_expiry, settle_waiting
from gate_store.database import is_postgres, open_store
from gate_store.decisions import apply_decisions
from gate_store.dialects import whole
from gate_store.engine.open import open_engine_store
from gate_store.engine.port import EngineStore
from gate_store.engine.sqlite.store import SqliteEngineStore
from gate_store.gates import open_gates
from gate_store.migrate import upgrade
from gate_store.outcomes import record_outcomes
from gate_store.plan_claims import Claim, admit
from gate_store.savers.serde import strict_serde
from gate_store.tables import decisions, effects, gates, metadata, outbox, runs
from tests.model.universe import PATIENCE, retier, undo
from tests.store.examples import NOON

T = TypeVar("T")

WORKERS = ("w1", "w2")
_RECORDS = {topic.record.__name__: topic.record for topic in TOPICS}
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
    records: list[Any] = field(default_factory=list)
    read: int = 0


@dataclass(frozen=True)
class Picture:
    """What stands in the store."""

    gates: dict[UUID, Any]
    decisions: dict[UUID, Any]
    runs: dict[str, Any]
    effects: dict[UUID, Any]
    outbox: list[tuple[int, Record]]


_CLAIMS = (ApprovalRequested, PlanCleared)


class World:
    """Opened once for all examples; `begin` empties it for the next."""

    def __init__(self, url: str) -> None:
        upgrade(url)
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
        self.empty()
        self.set_clock(NOON)

    def empty(self) -> None:
        with self.store.begin() as conn:
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
            self.logs[type(record)].records.append(record)

    def deliver(self, batch: Sequence[Any], *, commit: bool = True) -> set[UUID]:
        """One transaction of the gatekeeper; returns the clearances that it refused."""
        kinds = {kind: [each for each in batch if type(each) is kind] for kind in self.logs}
        claims = [Claim(each, place) for place, each in enumerate(batch) if type(each) in _CLAIMS]
        claims.sort(key=lambda claim: type(claim.record) is PlanCleared)
        with self.store.connect() as conn, conn.begin() as transaction:
            admitted = admit(conn, claims, self.now)
            through = [claim.record for claim in (*admitted.own, *admitted.to_judge)]
            waited = open_gates(conn, [each for each in through if type(each) is ApprovalRequested], self.now)
            record_cleared(conn, [each for each in through if type(each) is PlanCleared], self.now)
            record_outcomes(conn, kinds[PlanExecuted], self.now)
            apply_decisions(conn, [*waited, *kinds[DecisionMade]], self.now, retier, undo)
            if not commit:
                transaction.rollback()
        return {batch[place].event_id for place in admitted.refused}

    def tick(self) -> list[DecisionMade]:
        """The ticker's work; returns the decisions that were given up."""
        with self.store.begin() as conn:
            ask_expiry(conn, self.now)
            ask_again(conn, self.now)
            return settle_waiting(conn, self.now, PATIENCE)

    def forget(self, rows: Sequence[int]) -> None:
        """What was published leaves the outbox."""
        with self.store.begin() as conn:
            conn.execute(delete(outbox).where(outbox.c.id.in_(rows)))

    # --- looking ---

    def picture(self) -> Picture:
        with self.store.begin() as conn:
            found_gates = conn.execute(
                select(
                    gates.c.gate_id, gates.c.state, gates.c.plan_id, whole(gates.c.verdict).label("verdict")
                )
            ).all()
            found_decisions = conn.execute(select(decisions)).all()
            found_runs = conn.execute(select(runs)).all()
            found_effects = conn.execute(select(effects)).all()
            rows = conn.execute(select(outbox).order_by(outbox.c.id)).all()
        return Picture(
            {row.gate_id: row for row in found_gates},
            {row.decision_id: row for row in found_decisions},
            {row.thread_id: row for row in found_runs},
            {row.effect_id: row for row in found_effects},
            [(row.id, _record(row)) for row in rows],
        )

    def has_checkpoint(self, thread: str, name: str) -> bool:
        return self.do(self.ports["w1"].read(thread, "", name)) is not None


def head_of(thread: str) -> Any:
    """What a put follows on, where no checkpoint was there before."""
    return SimpleNamespace(config={"configurable": {"thread_id": thread, "checkpoint_ns": ""}})


def _record(row: Any) -> Record:
    kind = _RECORDS[row.record]
    made: Record = decode(SINGLE_OBJECT + contract_of(kind).fingerprint + row.body, kind)
    return made


def _set_up_clock(url: str) -> None:
    engine = open_store(url, pool_size=1)
    with engine.begin() as conn:
        for statement in _CLOCK:
            conn.execute(text(statement))
        name = conn.execute(text("SELECT current_database()")).scalar_one()
        conn.execute(text(f'ALTER DATABASE "{name}" SET search_path = public, pg_catalog'))
    engine.dispose()
