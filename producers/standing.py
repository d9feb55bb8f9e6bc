"""Takes a thread for an agent, where it may begin on it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select

from gate_store.runs import RunBusyError, register_run
from gate_store.tables import runs
from producers.errors import SubmitError

_GIVEN_UP = {"FAILED", "STALE"}


@dataclass(frozen=True)
class Taken:
    """The thread is ours, under this fencing token."""

    token: int


@dataclass(frozen=True)
class Waiting:
    """The thread waits at its gate, or is being resumed: nothing is left to submit."""

    plan_id: UUID


def take(
    conn: Connection, thread_id: str, graph: str, worker: str, lease_s: float, now: datetime
) -> Taken | Waiting:
    """Take the thread, or say that its plan waits.

    Raises RunBusyError while another process plans on it; SubmitError for a run that was given up behind its
    gate: its checkpoint would ask a question that is answered already.
    """
    _refuse_given_up(conn, thread_id)
    try:
        return Taken(register_run(conn, thread_id, graph, worker, lease_s, now))
    except RunBusyError as busy:
        if busy.plan_id is None:
            raise
        return Waiting(busy.plan_id)


def _refuse_given_up(conn: Connection, thread_id: str) -> None:
    known = select(runs.c.status, runs.c.plan_id, runs.c.error).where(runs.c.thread_id == thread_id)
    row = conn.execute(known).one_or_none()
    if row is not None and row.status in _GIVEN_UP and row.plan_id is not None:
        raise SubmitError(
            thread_id,
            f"its run is {row.status} behind its gate ({row.error});"
            " `plangate retry` asks for another attempt, or begin another thread",
        )
