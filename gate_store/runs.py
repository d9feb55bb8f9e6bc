"""Runs while the agent's own process drives them: from `submit` to the gate, under a lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Update, and_, or_, select, update
from sqlalchemy.exc import DBAPIError

from gate_events.digest import plan_digest
from gate_events.records import PlanProposed
from gate_events.trace_context import cause_of
from gate_events.values import RunIdentity
from gate_store import outbox
from gate_store.dialects import database_now, insert, lease_end, word
from gate_store.engine.port import FenceLostError
from gate_store.plain_text import storable
from gate_store.tables import runs

_AT_REST = ("DONE", "FAILED", "STALE")


class RunBusyError(Exception):
    """Thread {thread_id} is {status}; wait for it, decide its plan, or take another thread."""

    def __init__(self, thread_id: str, status: str, plan_id: UUID | None) -> None:
        at = f" at plan {plan_id}" if plan_id else ""
        super().__init__(
            f"thread {thread_id} is {status}{at}; wait for it, decide its plan, or take another thread"
        )
        self.thread_id = thread_id
        self.status = status
        self.plan_id = plan_id


class ForeignThreadError(Exception):
    """Thread {thread_id} is of another user of the database; take another thread."""

    def __init__(self, thread_id: str) -> None:
        super().__init__(f"thread {thread_id} is of another user of the database; take another thread")
        self.thread_id = thread_id


@dataclass(frozen=True, slots=True)
class Orphan:
    """A run whose agent went silent before it paused."""

    thread_id: str
    graph: str
    token: int


def register_run(
    conn: Connection, thread_id: str, graph: str, worker: str, lease_s: float, now: datetime
) -> int:
    """Take a thread for an agent: RUNNING under a lease; returns the token that fences its writes.

    Takes over a thread at rest, and an orphan. Raises RunBusyError for one that runs or waits,
    ForeignThreadError.
    """
    held = {**_idle(now), "worker": worker, "lease_until": lease_end(conn, now, lease_s), "status": "RUNNING"}
    first = insert(conn, runs).values(thread_id=thread_id, graph=graph, token=1, created_at=now, **held)
    taken = first.on_conflict_do_update(
        index_elements=["thread_id"],
        set_={**held, "graph": graph, "token": runs.c.token + 1},
        where=or_(runs.c.status.in_(_AT_REST), _orphaned(conn, now)),
    ).returning(runs.c.token)
    try:
        token = conn.execute(taken).scalar()
    except DBAPIError as error:
        if _is_about_rows(error):
            raise ForeignThreadError(thread_id) from error
        raise
    if token is None:
        raise _busy(conn, thread_id)
    return int(token)


def renew_run(conn: Connection, thread_id: str, token: int, lease_s: float, now: datetime) -> bool:
    """Prolong the lease; False: the run is another's now."""
    renewed = _ours(thread_id, token).values(lease_until=lease_end(conn, now, lease_s))
    return conn.execute(renewed).rowcount == 1


def pause_run(
    conn: Connection, thread_id: str, token: int, pause: RunIdentity, plan: PlanProposed, now: datetime
) -> None:
    """PAUSED at its plan, and the plan on its way to Kafka: only that plan, as asked, answers the run.

    Raises FenceLostError.
    """
    asked = plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)
    values = {
        **_idle(now),
        "status": "PAUSED",
        "pause": pause,
        "plan_id": plan.plan_id,
        "asked_digest": asked,
        "traceparent": cause_of(plan.plan_id),
    }
    _end(conn, thread_id, token, values)
    outbox.put(conn, [plan], now)


def end_run(
    conn: Connection, thread_id: str, token: int, status: str, now: datetime, error: str = ""
) -> None:
    """DONE without a gate, or FAILED with a reason. Raises FenceLostError."""
    _end(conn, thread_id, token, {**_idle(now), "status": status, "error": storable(error)})


def orphans(conn: Connection, now: datetime, limit: int = 100) -> Sequence[Orphan]:
    """Runs whose agent let its lease run out before the gate; `register_run` takes one over."""
    found = conn.execute(
        select(runs.c.thread_id, runs.c.graph, runs.c.token)
        .where(_orphaned(conn, now))
        .order_by(runs.c.lease_until)
        .limit(limit)
    )
    return [Orphan(row.thread_id, row.graph, row.token) for row in found]


def _orphaned(conn: Connection, now: datetime) -> Any:
    """A run with an answer is the resumer's, whose reaper makes it READY again."""
    lapsed = runs.c.lease_until < database_now(conn, now)
    return and_(runs.c.status == word("RUNNING"), runs.c.answer.is_(None), lapsed)


def _ours(thread_id: str, token: int) -> Update:
    return update(runs).where(
        runs.c.thread_id == thread_id, runs.c.token == token, runs.c.status == word("RUNNING")
    )


def _end(conn: Connection, thread_id: str, token: int, values: dict[str, Any]) -> None:
    if conn.execute(_ours(thread_id, token).values(**values)).rowcount != 1:
        raise FenceLostError(thread_id, token)


def _idle(now: datetime) -> dict[str, Any]:
    """A run without lease, plan and answer."""
    return {
        "worker": None,
        "lease_until": None,
        "plan_id": None,
        "pause": None,
        "asked_digest": None,
        "answer": None,
        "digest": None,
        "use_by": None,
        "head_id": None,
        "attempts": 0,
        "not_before": now,
        "error": "",
        "updated_at": now,
    }


def _busy(conn: Connection, thread_id: str) -> RunBusyError | ForeignThreadError:
    known = select(runs.c.status, runs.c.plan_id).where(runs.c.thread_id == thread_id)
    row = conn.execute(known).one_or_none()
    return RunBusyError(thread_id, row.status, row.plan_id) if row else ForeignThreadError(thread_id)


def _is_about_rows(error: DBAPIError) -> bool:
    """Whether the table may be written, but not this row: PostgreSQL has one code for both."""
    state = getattr(error.orig, "sqlstate", None)
    return state == "42501" and "row-level security" in str(error.orig)
