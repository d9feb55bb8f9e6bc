"""Where a run stands, and what became of the plan that it was resumed with."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gate_store.decided import Decided, decided_on, may_read
from gate_store.queued_plans import queued_threads
from gate_store.tables import effects, queued_plans, runs

AT_REST = frozenset({"DONE", "FAILED", "STALE"})


class NoSuchRunError(LookupError):
    """There is no run {thread_id}, or it is another user's; `plangate runs` shows those that there are."""

    def __init__(self, thread_id: str) -> None:
        super().__init__(
            f"there is no run {thread_id}, or it is another user's;"
            " `plangate runs` shows those that there are"
        )
        self.thread_id = thread_id


@dataclass(frozen=True, slots=True)
class StepEnd:
    """What the ledger has of a step. `result` is what its effect returned, as JSON."""

    step_id: str
    action_type: str
    state: str
    detail: str
    result: Any


@dataclass(frozen=True, slots=True)
class RunStands:
    """A run. `steps` and `decided` are None where this user may not read them."""

    thread_id: str
    graph: str
    status: str
    plan_id: UUID | None
    error: str
    decided: Decided | None
    steps: Sequence[StepEnd] | None
    is_queued: bool = False  # its plan is asked about once its agent has fewer open gates

    @property
    def has_ended(self) -> bool:
        """Whether nothing goes on by itself, and nobody is asked."""
        return self.status in AT_REST


def where_run_stands(conn: Connection, thread_id: str) -> RunStands:
    """The run of this thread. Raises NoSuchRunError."""
    columns = (runs.c.thread_id, runs.c.graph, runs.c.status, runs.c.plan_id, runs.c.error)
    row = conn.execute(select(*columns).where(runs.c.thread_id == thread_id)).one_or_none()
    if row is None:
        raise NoSuchRunError(thread_id)
    decided = decided_on(conn, {row.plan_id}).get(row.plan_id) if row.plan_id else None
    waits = row.status == "PAUSED" and may_read(conn, queued_plans.c.why)
    is_queued = bool(waits and queued_threads(conn, [thread_id]))
    return RunStands(*row, decided, _steps(conn, row.plan_id), is_queued)


def _steps(conn: Connection, plan_id: UUID | None) -> list[StepEnd] | None:
    if plan_id is None:
        return []
    if not may_read(conn, effects.c.result):
        return None
    names = [effects.c[name] for name in ("step_id", "action_type", "state", "detail", "result")]
    found = (
        select(*names).where(effects.c.plan_id == plan_id).order_by(effects.c.claimed_at, effects.c.step_id)
    )
    return [StepEnd(*row) for row in conn.execute(found)]
