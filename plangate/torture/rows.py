"""What the store holds at the end, as records: whom it believed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, func, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanDecided, PlanExecuted
from gate_store.dialects import read, whole
from gate_store.said import AS_SAID, as_said
from gate_store.tables import clearances, decisions, effects, gates, outbox, plan_outcomes, runs


@dataclass(frozen=True)
class RunRow:
    """A run as the store has it at the end."""

    status: str
    plan_id: UUID | None = None
    error: str = ""
    digest: str | None = None


@dataclass(frozen=True)
class GateRow:
    """A gate: what was asked, and what closed it."""

    request: ApprovalRequested
    state: str
    verdict: PlanDecided | None = None


@dataclass(frozen=True)
class DecisionRow:
    """A decision and what became of it."""

    decision: DecisionMade
    disposition: str
    moment: datetime | None = None  # by which it counts


@dataclass(frozen=True)
class EffectRow:
    """An effect of the ledger."""

    effect_id: UUID
    plan_id: UUID
    step_id: str
    state: str
    executor: str
    result: Any


@dataclass(frozen=True)
class Rows:
    """The tables, whole."""

    runs: Mapping[str, RunRow]
    gates: Sequence[GateRow]
    decisions: Sequence[DecisionRow]
    clearances: Sequence[PlanCleared | PlanDecided]
    outcomes: Sequence[PlanExecuted]
    effects: Sequence[EffectRow]
    in_outbox: int


NO_ROWS = Rows({}, (), (), (), (), (), 0)


def rows(conn: Connection) -> Rows:
    """Read all of it."""
    ran = select(runs.c.thread_id, runs.c.status, runs.c.plan_id, runs.c.error, runs.c.digest)
    left = conn.execute(select(func.count()).select_from(outbox)).scalar_one()
    return Rows(
        runs={thread: RunRow(*rest) for thread, *rest in conn.execute(ran)},
        gates=list(_gates(conn)),
        decisions=list(_decisions(conn)),
        clearances=list(_clearances(conn)),
        outcomes=[read(row[0], PlanExecuted) for row in conn.execute(select(whole(plan_outcomes.c.record)))],
        effects=list(_effects(conn)),
        in_outbox=left,
    )


def _gates(conn: Connection) -> Iterator[GateRow]:
    asked, said = whole(gates.c.request), whole(gates.c.verdict)
    for request, state, verdict in conn.execute(select(asked, gates.c.state, said)):
        yield GateRow(
            read(request, ApprovalRequested), state, read(verdict, PlanDecided) if verdict else None
        )


def _decisions(conn: Connection) -> Iterator[DecisionRow]:
    for row in conn.execute(select(*AS_SAID, decisions.c.disposition)):
        said = as_said(row)
        yield DecisionRow(said.decision, row.disposition, said.moment)


def _clearances(conn: Connection) -> Iterator[PlanCleared | PlanDecided]:
    for record, gate in conn.execute(select(whole(clearances.c.record), clearances.c.gate_id)):
        yield read(record, PlanDecided) if gate else read(record, PlanCleared)


def _effects(conn: Connection) -> Iterator[EffectRow]:
    names = (effects.c[name] for name in EffectRow.__dataclass_fields__)
    for row in conn.execute(select(*names)):
        yield EffectRow(*row)
