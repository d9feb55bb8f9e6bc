"""What has become of a clearance, as a condition on its row: one definition wherever it is asked."""

from datetime import datetime

from sqlalchemy import ColumnElement, exists, true

from gate_events.words import OutcomeStatus
from gate_store.executions import since_cleared
from gate_store.tables import clearances, effects, executions, plan_outcomes, revocations


def begun() -> ColumnElement[bool]:
    """Of a clearance: an effect of its plan was begun, as the ledger has it.

    What services without the ledger say was done is there too.
    """
    return exists().where(effects.c.plan_id == clearances.c.plan_id, effects.c.digest == clearances.c.digest)


def begun_by_word(since: datetime | None = None) -> ColumnElement[bool]:
    """Of a clearance: an executor said (`since` a moment) that it is at the plan.

    That spares a question, and no more.
    """
    return exists().where(
        executions.c.plan_id == clearances.c.plan_id,
        executions.c.digest == clearances.c.digest,
        since_cleared(),
        true() if since is None else executions.c.heard_at > since,
    )


def ended() -> ColumnElement[bool]:
    """Of a clearance: its plan has an outcome."""
    return exists().where(
        plan_outcomes.c.plan_id == clearances.c.plan_id,
        plan_outcomes.c.digest == clearances.c.digest,
    )


def attempt_ended() -> ColumnElement[bool]:
    """Of a clearance: the attempt that it allows has an outcome, or a later one."""
    return exists().where(
        plan_outcomes.c.plan_id == clearances.c.plan_id,
        plan_outcomes.c.digest == clearances.c.digest,
        plan_outcomes.c.attempt >= clearances.c.attempt,
    )


def ran() -> ColumnElement[bool]:
    """Of a clearance: its plan has an outcome, and not that nothing ran, which closes nothing."""
    return exists().where(
        plan_outcomes.c.plan_id == clearances.c.plan_id,
        plan_outcomes.c.digest == clearances.c.digest,
        plan_outcomes.c.status != OutcomeStatus.NOT_RUN.value,
    )


def is_revoked() -> ColumnElement[bool]:
    """Of a clearance: a newer revision took its place."""
    return exists().where(revocations.c.digest == clearances.c.digest)
