"""The port on SQLite: one connection in one thread; whoever waits for runs polls a cheap query."""

import asyncio
import json
import sqlite3
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any
from uuid import UUID

from langgraph.checkpoint.serde.base import SerializerProtocol

from gate_store.database import Clock, utc_now
from gate_store.engine.port import (
    Act,
    CheckpointPut,
    ClaimedRun,
    FateUnknownError,
    OutboxRow,
    PackedPut,
    Publish,
    Refusal,
    Served,
    WritesPut,
)
from gate_store.engine.sqlite import claim_sql, flush, puts
from gate_store.engine.sqlite.checkpoints import read_tuple
from gate_store.engine.sqlite.claim import claim
from gate_store.engine.sqlite.moments import moment_text
from gate_store.engine.sqlite.thread import SqliteThread
from gate_store.engine.sqlite.which import Which
from gate_store.outbox import BY_RESUMERS

POLL_S = 0.05
_RELAYED = json.dumps([record.__name__ for record in BY_RESUMERS])


class SqliteEngineStore:
    """See `EngineStore`."""

    def __init__(
        self, url: str, serde: SerializerProtocol, clock: Clock = utc_now, served: Served | None = None
    ) -> None:
        self._thread = SqliteThread(url)
        self._serde = serde
        self._clock = clock
        self._served = served
        self._held: Sequence[str] = ()  # as the last claim said
        self._poked = asyncio.Event()
        self._published: list[tuple[int]] = []  # Kafka has them, the outbox still does

    async def open(self) -> None:
        """Connect; create nothing."""
        await self._thread.open()

    async def close(self) -> None:
        """Give the connection back."""
        await self._thread.close()

    async def claim(
        self, worker: str, limit: int, lease_s: float, *, beside: bool = False, held: Sequence[str] = ()
    ) -> list[ClaimedRun]:
        """Take up to `limit` READY runs; one commit. A run that cannot be read is FAILED with the reason."""
        self._held = held
        lease, which = timedelta(seconds=lease_s), self._which()
        return await self._thread.run(
            lambda connection: claim(connection, self._serde, worker, limit, lease, which, beside=beside)
        )

    async def any_alone(self) -> bool:
        """Whether a READY run waits to be tried alone."""
        return await self._thread.look(partial(self._any, claim_sql.ANY_ALONE))

    async def read(self, thread_id: str, checkpoint_ns: str, checkpoint_id: str | None) -> Any:
        """A CheckpointTuple; id None: the newest there. None where there is none."""
        return await self._thread.look(
            lambda connection: read_tuple(connection, self._serde, thread_id, checkpoint_ns, checkpoint_id)
        )

    def pack(self, put: CheckpointPut | WritesPut) -> PackedPut:
        """Serialise a put now. Raises TypeError where the state cannot be serialised."""
        return puts.pack(put, self._serde)

    async def flush(self, acts: Sequence[Act]) -> list[Refusal | None]:
        """Make the acts durable in one transaction; per act None or why it alone was refused."""
        now = self._clock()
        try:
            return await self._thread.run(lambda connection: flush.flush(connection, acts, self._serde, now))
        except sqlite3.OperationalError as error:
            raise FateUnknownError(error) from error

    async def fate(self, act: Act) -> bool:
        """Whether an act whose commit's fate was unknown is in the store."""
        return await self._thread.run(partial(flush.fate, act=act))

    async def renew(self, worker: str, tokens: Sequence[tuple[str, int]], lease_s: float) -> set[str]:
        """Prolong leases; returns the thread ids that are lost."""
        now = self._clock()
        values = {
            "worker": worker,
            "now": moment_text(now),
            "lease": moment_text(now + timedelta(seconds=lease_s)),
        }

        kept = await self._thread.run(partial(_changed, claim_sql.RENEW, values, tokens))
        return {thread_id for thread_id, _ in tokens} - kept

    async def reap(self, limit: int) -> int:
        """Return RUNNING runs whose lease expired to READY (token + 1); how many."""
        count = await self._change(claim_sql.REAP, {"now": moment_text(self._clock()), "limit": limit})
        if count:
            self.poke()
        return count

    async def release(self, worker: str, tokens: Sequence[tuple[str, int]], after_s: float = 0.0) -> int:
        """Give back these claims of this worker; how many it still held."""
        now = self._clock()
        not_before = moment_text(now + timedelta(seconds=after_s)) if after_s else None
        values = {"now": moment_text(now), "worker": worker, "not_before": not_before}
        return len(await self._thread.run(partial(_changed, claim_sql.RELEASE, values, tokens)))

    async def _change(self, statement: str, values: dict[str, Any]) -> int:
        return await self._thread.run(lambda connection: connection.execute(statement, values).rowcount)

    def poke(self) -> None:
        """Say, from this process, that runs may have become READY."""
        self._poked.set()

    async def wait_ready(self, timeout_s: float) -> None:
        """Sleep until runs are READY, somebody pokes, or `timeout_s` are over."""
        end = asyncio.get_running_loop().time() + timeout_s
        while (left := end - asyncio.get_running_loop().time()) > 0:
            try:
                async with asyncio.timeout(min(POLL_S, left)):
                    await self._poked.wait()
            except TimeoutError:
                if await self._thread.look(partial(self._any, claim_sql.ANY_READY)):
                    return
            else:
                self._poked.clear()
                return

    def _any(self, statement: str, connection: sqlite3.Connection) -> bool:
        return connection.execute(statement, self._which().values()).fetchone() is not None

    def _which(self) -> Which:
        return Which(self._clock(), self._served, self._held)

    async def relay_outbox(self, limit: int, publish: Publish) -> int:
        """Publish the oldest rows and forget the delivered ones; how many."""
        await self._forget_published()
        rows = await self._thread.look(
            lambda connection: connection.execute(claim_sql.TAKE_OUTBOX, (_RELAYED, limit)).fetchall()
        )
        if not rows:
            return 0
        taken = [(row["id"], _outbox_row(row)) for row in rows]
        self._published = [(each,) for each in await publish(taken)]
        delivered = len(self._published)
        await self._forget_published()
        return delivered

    async def _forget_published(self) -> None:
        """Before anything is published again: on a full disk it would go out over and over."""
        if published := self._published:
            await self._thread.run(
                lambda connection: connection.executemany(claim_sql.DROP_OUTBOX, published)
            )
        self._published = []


def _outbox_row(row: Any) -> OutboxRow:
    fields = ("record", "key", "body", "contract", "traceparent")
    return OutboxRow(UUID(row["event_id"]), *(row[name] for name in fields))


def _changed(
    statement: str, values: dict[str, Any], tokens: Sequence[tuple[str, int]], connection: sqlite3.Connection
) -> set[str]:
    """The threads whose claim under that token the statement changed."""
    return {
        thread_id
        for thread_id, token in tokens
        if connection.execute(statement, {**values, "thread_id": thread_id, "token": token}).rowcount
    }
