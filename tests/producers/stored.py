"""What a store holds, as the tests ask for it."""

from typing import Any

from sqlalchemy import select, update

from gate_events.codec import decode, framed
from gate_events.records import PlanProposed
from gate_store.database import open_store
from gate_store.tables import outbox, runs


def run_of(store_url: str, thread_id: str) -> Any:
    return _rows(store_url, select(runs).where(runs.c.thread_id == thread_id))[0]


def published(store_url: str) -> list[PlanProposed]:
    found = _rows(store_url, select(outbox).order_by(outbox.c.id))
    assert {row.record for row in found} <= {"PlanProposed"}
    return [decode(framed(row.body, PlanProposed, None), PlanProposed) for row in found]


def take_over(store_url: str, thread_id: str) -> None:
    """What another worker does to a run whose lease is over."""
    store = open_store(store_url)
    with store.begin() as conn:
        taken = update(runs).values(token=runs.c.token + 1, worker="another")
        conn.execute(taken.where(runs.c.thread_id == thread_id))
    store.dispose()


def _rows(store_url: str, query: Any) -> Any:
    store = open_store(store_url)
    try:
        with store.begin() as conn:
            return conn.execute(query).all()
    finally:
        store.dispose()
