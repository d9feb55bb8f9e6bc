"""Resumers that lack one guard: `python -m tests.faults.sabotage`, with TORTURE_SABOTAGE naming the guard.

For tests of the laboratory alone: a laboratory that cannot fail proves nothing. No shipped code imports this.
"""

import asyncio
import os
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import insert

from gate_store.database import open_store, utc_now
from gate_store.engine.open import open_engine_store
from gate_store.engine.port import Act, OutboxRow, Refusal
from gate_store.engine.postgres import claim_sql, flush
from gate_store.engine.postgres.flush_sql import FLUSH
from gate_store.tables import outbox
from plangate.torture import resumer_child
from stream_apps.resumer import opening
from stream_apps.resumer.intents import Intents
from stream_apps.resumer.step_states import StepStates

GUARD = "TORTURE_SABOTAGE"


def without(text: str, guard: str, instead: str = "") -> str:
    """`text` without the guard, which must be there: a sabotage that does nothing would be a lie."""
    assert text.count(guard) == 1, f"the guard {guard!r} has moved"
    return text.replace(guard, instead)


def put(owner: Any, name: str, sabotaged: Any) -> None:
    """Replace what must be there."""
    assert hasattr(owner, name), f"{name} has moved"
    setattr(owner, name, sabotaged)


def no_fence() -> None:
    """Checkpoints, ends and effects are written whoever holds the run now."""
    unfenced = without(
        FLUSH, " AND r.token = a.token AND r.status = 'RUNNING'\n    RETURNING r.thread_id, r.token,",
        "\n    RETURNING r.thread_id, a.token,",
    )  # fmt: skip
    put(flush, "FLUSH", unfenced)


def no_lease() -> None:
    """Runs are taken from workers that hold them."""
    put(claim_sql, "REAP", without(claim_sql.REAP, " AND lease_until < now()"))


def no_ledger() -> None:
    """Effects begin without a claim, and nobody remembers them."""

    async def intend(self: Any, step: Any, *, repeat: bool) -> None:
        self._states.begun[step.step_id] = step

    def note(self: Any, step: Any, state: str, detail: str, result: Any) -> None:
        self._is(step, state, detail, result)
        self.begun.pop(step.step_id, None)

    put(Intents, "_intend", intend)
    put(StepStates, "note", note)


def no_digest() -> None:
    """Whether a step is what was approved is asked by its id alone."""
    put(Intents, "check_cleared", lambda *_: None)
    put(opening, "_check_digest", lambda _run: None)


def no_outbox() -> None:
    """What Kafka must hear is written after the transaction that made it true, not in it."""
    put(resumer_child, "open_engine_store", lambda url, *rest: Apart(open_engine_store(url, *rest), url))


class Apart:
    """A store whose outbox is written on its own."""

    def __init__(self, store: Any, url: str) -> None:
        self._store = store
        self._engine = open_store(url)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def flush(self, acts: Sequence[Act]) -> list[Refusal | None]:
        said = [act.outbox for act in acts]
        for act in acts:
            act.outbox = []
        refused: list[Refusal | None] = await self._store.flush(acts)
        rows = [row for rows, why in zip(said, refused, strict=True) if why is None for row in rows]
        if rows:
            await asyncio.sleep(0.02)
            await asyncio.to_thread(self._put, rows)
        return refused

    def _put(self, rows: list[OutboxRow]) -> None:
        values = [
            {
                "event_id": r.event_id,
                "record": r.record,
                "key": r.key,
                "body": r.body,
                "contract": r.contract,
                "created_at": utc_now(),
            }
            for r in rows
        ]
        with self._engine.begin() as conn:
            conn.execute(insert(outbox), values)


SABOTAGES: dict[str, Callable[[], None]] = {
    "fence": no_fence,
    "lease": no_lease,
    "ledger": no_ledger,
    "digest": no_digest,
    "outbox": no_outbox,
}


if __name__ == "__main__":
    SABOTAGES[os.environ[GUARD]]()
    resumer_child.main()
