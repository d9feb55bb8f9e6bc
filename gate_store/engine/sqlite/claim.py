"""Claims on SQLite: mark, then load, in one transaction."""

import logging
import sqlite3
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from langgraph.checkpoint.serde.base import SerializerProtocol

from gate_store.engine.port import ClaimedRun
from gate_store.engine.rows import claimed_run, text
from gate_store.engine.sqlite.checkpoints import read_tuple
from gate_store.engine.sqlite.claim_sql import CLAIM, CLAIM_ALONE, CLAIM_STRANGE, CLEARED, EFFECTS, FAIL
from gate_store.engine.sqlite.moments import moment_of, moment_text
from gate_store.engine.sqlite.which import Which

log = logging.getLogger(__name__)


def claim(
    connection: sqlite3.Connection,
    serde: SerializerProtocol,
    worker: str,
    limit: int,
    lease: timedelta,
    which: Which,
    *,
    beside: bool,
) -> list[ClaimedRun]:
    """Take up to `limit` READY runs. A run that cannot be read is FAILED with the reason."""
    values = {
        "worker": worker,
        "limit": limit,
        "lease": moment_text(which.now + lease),
        **which.values(),
    }
    rows = [] if beside else connection.execute(CLAIM_ALONE, {**values, "limit": 1}).fetchall()
    rows = rows or connection.execute(CLAIM, values).fetchall()
    claimed = []
    for row in rows or connection.execute(CLAIM_STRANGE, values).fetchall():
        try:
            claimed.append(_loaded(connection, serde, row, which.now))
        except sqlite3.OperationalError:
            raise
        except Exception as error:  # whatever a damaged row raises, the other runs go on
            thread_id = row["thread_id"]
            log.exception("run %s cannot be read", thread_id, extra={"thread_id": thread_id})
            why = text(f"the stored run cannot be read: {type(error).__name__}: {error}")
            failed = {"thread_id": row["thread_id"], "token": row["token"], "why": why, "now": values["now"]}
            connection.execute(FAIL, failed)
    return claimed


def _loaded(connection: sqlite3.Connection, serde: SerializerProtocol, row: Any, now: datetime) -> ClaimedRun:
    cleared = connection.execute(CLEARED, (row["digest"],)).fetchone()
    return claimed_run(
        thread_id=row["thread_id"],
        graph=row["graph"],
        token=row["token"],
        attempts=row["attempts"],
        alone=bool(row["alone"]),
        plan_id=UUID(row["plan_id"]) if row["plan_id"] else None,
        digest=row["digest"],
        pause=row["pause"],
        answer=row["answer"],
        use_by=moment_of(row["use_by"]),
        own_head=row["head_id"],
        head=read_tuple(connection, serde, row["thread_id"], "", None),
        effects=connection.execute(EFFECTS, (row["plan_id"],)).fetchone()[0],
        asked_digest=row["asked_digest"],
        is_gated=cleared is not None and cleared["gate_id"] is not None,
        attempt=cleared["attempt"] if cleared else 1,
        begun_until=_begun_until(cleared) if cleared else None,
        now=now,
        traceparent=row["traceparent"],
    )


def _begun_until(cleared: Any) -> datetime | None:
    """Where it was not noted: as long again as the verdict was good for."""
    use_by, noted = moment_of(cleared["use_by"]), moment_of(cleared["begun_until"])
    at = moment_of(cleared["cleared_at"])
    return noted or (use_by + (use_by - at) if use_by and at else None)
