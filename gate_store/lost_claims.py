"""Effects that were begun, and that nobody will tell the end of: humans are asked. The clock's work."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Select, exists, select

from gate_store.dialects import word
from gate_store.doubt_pages import at_once
from gate_store.doubts import SILENT, Doubt, put_in_doubt, steps_cleared
from gate_store.in_doubt import DoubtAbout
from gate_store.tables import EFFECTS_BUT_RESULTS, effects, runs

FORGOTTEN_AFTER = timedelta(seconds=30)  # its process may be on its way back, and asks by itself
_GOES_ON = ("PAUSED", "READY", "RUNNING", "IN_DOUBT")
_OVER = f"{SILENT}, and its run is over"


def run_goes_on() -> ColumnElement[bool]:
    """Of a row of `effects` that a run began: whether that run may still come back to its plan."""
    return exists().where(
        runs.c.thread_id == effects.c.thread_id,
        runs.c.plan_id == effects.c.plan_id,
        runs.c.status.in_(_GOES_ON),
    )


def doubt_lost_claims(
    conn: Connection, now: datetime, idempotent: Collection[str] = (), limit: int = 500
) -> int:
    """Ask about steps whose claimant will not say how they ended, as many as go at once; how many.

    Those of services whose claim ran out and whose process did not come back: `idempotent` action types are
    repeated by whoever comes, and need nobody's word. And those of runs that are over, or went on to another
    plan: there nothing comes.
    """
    return _ask(conn, _of_services(now, idempotent, limit), now) + _ask(conn, _of_runs(limit), now)


def _of_services(now: datetime, idempotent: Collection[str], limit: int) -> Select[Any]:
    return (
        select(*EFFECTS_BUT_RESULTS)
        .where(effects.c.state == word("CLAIMED"), effects.c.lease_until.is_not(None))
        .where(effects.c.lease_until <= now - FORGOTTEN_AFTER)
        .where(effects.c.action_type.not_in(sorted(idempotent)))
        .order_by(effects.c.lease_until)
        .limit(limit)
        .with_for_update(skip_locked=True, of=effects)
    )


def _of_runs(limit: int) -> Select[Any]:
    return (
        select(*EFFECTS_BUT_RESULTS)
        .where(effects.c.state == word("CLAIMED"), effects.c.thread_id.is_not(None), ~run_goes_on())
        .order_by(effects.c.claimed_at)
        .limit(limit)
        .with_for_update(skip_locked=True, of=effects)
    )


def _ask(conn: Connection, lost: Select[Any], now: datetime) -> int:
    found = at_once(conn, conn.execute(lost).all())
    if found:
        steps = steps_cleared(conn, {(row.digest, row.step_id) for row in found})
        doubts = {}
        for row in found:
            of_run = row.thread_id is not None
            known = (_OVER if of_run else SILENT).format(row.executor)
            about = DoubtAbout.STEP_OF_ENDED_RUN if of_run else DoubtAbout.STEP
            doubts[row.effect_id] = Doubt(row.digest, steps[row.digest, row.step_id], known, about)
        put_in_doubt(conn, doubts, now)
    return len(found)
