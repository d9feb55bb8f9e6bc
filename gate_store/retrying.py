"""A run that failed is asked about once more: nothing of it goes on before that question is answered.

Which steps are begun again though they failed stands in the question, so that its approval is one of them.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, select, update

from gate_events.pause import GateAnswer
from gate_events.records import ApprovalRequested, PlanExecuted
from gate_events.words import GateState
from gate_store import outbox
from gate_store.clearance_states import is_revoked
from gate_store.dialects import read, whole
from gate_store.run_ends import NoSuchRunError
from gate_store.tables import EFFECTS_BUT_RESULTS, clearances, effects, gates, plan_outcomes, runs

BEGUN_AGAIN = "begun again"  # the finding that names the steps
_OPEN = ("CLAIMED", "IN_DOUBT")


class NotRetryableError(Exception):
    """Run {thread_id} is not tried again: {why}; {mend}."""

    def __init__(self, thread_id: str, why: str, mend: str) -> None:
        super().__init__(f"run {thread_id} is not tried again: {why}; {mend}")
        self.thread_id = thread_id


@dataclass(frozen=True, slots=True)
class FailedRun:
    """A run at rest that may be asked about. `failed` are its failed steps, each with what is known of it."""

    thread_id: str
    token: int
    digest: str
    error: str
    failed: Mapping[str, str]


def failed_run(conn: Connection, thread_id: str, begin_again: Collection[str]) -> FailedRun:
    """The run, held until the transaction ends. Raises NoSuchRunError, NotRetryableError.

    `begin_again` names steps that failed and are to be begun once more.
    """
    columns = (runs.c.token, runs.c.status, runs.c.plan_id, runs.c.digest, runs.c.error)
    row = conn.execute(
        select(*columns, whole(runs.c.answer).label("answer"))
        .where(runs.c.thread_id == thread_id)
        .with_for_update()
    ).one_or_none()
    if row is None:
        raise NoSuchRunError(thread_id)
    ledger = conn.execute(select(*EFFECTS_BUT_RESULTS).where(effects.c.plan_id == row.plan_id)).all()
    if fault := _fault(conn, row, ledger) or _misnamed(ledger, begin_again):
        raise NotRetryableError(thread_id, *fault)
    failed = {each.step_id: each.detail for each in ledger if each.state == "FAILED"}
    return FailedRun(thread_id, row.token, row.digest, row.error, failed)


def pause_again(conn: Connection, run: FailedRun, request: ApprovalRequested, now: datetime) -> None:
    """FAILED -> PAUSED at its old pause, and the question on its way, in one act."""
    nothing = {"answer": None, "digest": None, "use_by": None}
    moved = conn.execute(
        update(runs)
        .where(runs.c.thread_id == run.thread_id, runs.c.token == run.token, runs.c.status == "FAILED")
        .values(status="PAUSED", attempts=0, error="asked again", updated_at=now, **nothing)
    )
    if moved.rowcount != 1:
        raise NotRetryableError(run.thread_id, "it has moved meanwhile", "look at `plangate runs`")
    outbox.put(conn, [request], now)


def is_begun_again(conn: Connection, digest: str, step_id: str) -> bool:
    """Whether people agreed that this step, which had failed before they were asked, is begun once more."""
    row = conn.execute(
        select(whole(gates.c.request).label("request"), effects.c.finished_at)
        .join_from(clearances, gates, clearances.c.gate_id == gates.c.gate_id)
        .join(effects, effects.c.digest == clearances.c.digest)
        .where(clearances.c.digest == digest, effects.c.step_id == step_id, effects.c.state == "FAILED")
    ).first()
    if row is None:
        return False
    request = read(row.request, ApprovalRequested)
    named = {step for each in request.review.findings if each.check == BEGUN_AGAIN for step in each.step_ids}
    return step_id in named and bool(row.finished_at < request.requested_at)


def _fault(conn: Connection, run: Row[*tuple[Any, ...]], ledger: Any) -> tuple[str, str] | None:
    """Why it is not asked about, and the mend; None: it may be."""
    if run.status != "FAILED":
        return f"it is {run.status}", "only a FAILED run is"
    answer = read(run.answer, GateAnswer) if run.answer else None
    if answer is None or answer.state is not GateState.APPROVED or run.digest is None:
        return "nothing of it was approved", "submit the input again, on another thread"
    if conn.execute(
        select(clearances.c.digest).where(clearances.c.digest == run.digest, is_revoked())
    ).first():
        return "a newer plan took the place of its own", "submit the input again, on another thread"
    if doubted := [each.step_id for each in ledger if each.state in _OPEN]:
        return f"nobody knows whether step {', '.join(doubted)} happened", "`plangate resolve` it first"
    if any(each.attempts == 0 for each in ledger):
        return "a human said what became of its plan as a whole", "submit the input again, on another thread"
    return _untold(conn, run.plan_id, run.digest, ledger)


def _untold(conn: Connection, plan_id: UUID, digest: str, ledger: Any) -> tuple[str, str] | None:
    told = conn.execute(
        select(whole(plan_outcomes.c.record))
        .join_from(plan_outcomes, clearances, clearances.c.digest == plan_outcomes.c.digest)
        .where(plan_outcomes.c.plan_id == plan_id, plan_outcomes.c.digest == digest)
        .where(plan_outcomes.c.attempt == clearances.c.attempt)
    ).scalar()
    if told is None:
        return "its outcome is not on record yet", "say it again in a moment; is a gatekeeper running?"
    if not ledger and any(each.detail for each in read(told, PlanExecuted).results):
        return "it went on without the ledger, so what it did is not known", "submit it anew once you know"
    return None


def _misnamed(ledger: Any, begin_again: Collection[str]) -> tuple[str, str] | None:
    states = {each.step_id: each.state for each in ledger}
    for step_id in begin_again:
        state = states.get(step_id)
        if state == "SUCCEEDED":
            return f"step {step_id} is done", "what is done is never repeated; leave it out"
        if state != "FAILED":
            return f"step {step_id} has not failed", "name steps that have; the others need no --step"
    return None
