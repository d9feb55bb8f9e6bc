"""Which processes began effects, and which of them are known to have ended.

A process that ended can do nothing more: only then does an effect's absence tell that it did not happen.
"""

from datetime import datetime

from sqlalchemy import ColumnElement, Connection, exists, update

from gate_store.bulk import insert_new
from gate_store.tables import effects, workers


def register_worker(conn: Connection, name: str, instance: str, now: datetime) -> None:
    """Note a process that starts. Of one instance only one lives: those before it there have ended."""
    before = update(workers).where(workers.c.instance == instance, workers.c.name != name)
    conn.execute(before.where(workers.c.ended_at.is_(None)).values(ended_at=now))
    fresh = {"name": name, "instance": instance, "started_at": now, "ended_at": None}
    insert_new(conn, workers, [fresh], "name")


def worker_ended(conn: Connection, name: str, now: datetime) -> None:
    """Note that a process does nothing more: by itself at a clean end."""
    ended = update(workers).where(workers.c.name == name, workers.c.ended_at.is_(None))
    conn.execute(ended.values(ended_at=now))


def claimant_is_gone() -> ColumnElement[bool]:
    """Of a row of `effects`: whether the process that claimed it is known to have ended."""
    return exists().where(workers.c.name == effects.c.executor, workers.c.ended_at.is_not(None))
