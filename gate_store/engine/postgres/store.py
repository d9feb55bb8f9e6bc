"""The port on PostgreSQL: a connection each for flushes, claims, the outbox and listening."""

import asyncio
import logging
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import asyncpg
from langgraph.checkpoint.postgres.base import BasePostgresSaver
from langgraph.checkpoint.serde.base import SerializerProtocol

from gate_store.engine.port import (
    Act,
    CheckpointPut,
    ClaimedRun,
    OutboxRow,
    PackedPut,
    Publish,
    Refusal,
    Served,
    WritesPut,
)
from gate_store.engine.postgres import claim_sql, puts
from gate_store.engine.postgres.checkpoints import head_tuple, read_tuple
from gate_store.engine.postgres.flush import Flusher
from gate_store.engine.postgres.line import Line
from gate_store.engine.postgres.ready import Doorbell
from gate_store.engine.rows import claimed_run, text
from gate_store.outbox import BY_RESUMERS
from gate_store.plain_text import storable

log = logging.getLogger(__name__)

DELIVERY_S = 130  # Kafka's own delivery timeout is 120
_RELAYED = [record.__name__ for record in BY_RESUMERS]


class PostgresEngineStore:
    """See `EngineStore`."""

    def __init__(self, url: str, serde: SerializerProtocol, served: Served | None = None) -> None:
        self._saver = BasePostgresSaver(serde=serde)
        self._bell = Doorbell()
        self._deaf = False  # listening failed, and that was said
        self._claims = Line(url, "claim")
        self._flushes = Line(url, "flush")
        self._listener = Line(url, "listen", self._bell.listen)
        # Apart, since a listener hears nothing inside a transaction, and a relay's lasts while Kafka is slow.
        # What it forgets need not be on disk at once: a server that crashes lets it publish again.
        self._relays = Line(url, "relay", idle_s=DELIVERY_S, synchronous_commit="off")
        self._flusher = Flusher(self._flushes, self._saver)
        self._stale_after = timedelta(seconds=served.stale_after_s) if served else None
        marks = served.marks() if served else None
        self._served = (_each(marks, 0), _each(marks, 1))
        self._held: Sequence[str] = ()  # as the last claim said

    async def open(self) -> None:
        """Connect; create nothing."""
        for line in (self._claims, self._flushes, self._relays, self._listener):
            await line.open()

    async def close(self) -> None:
        """Give all connections back."""
        for line in (self._listener, self._relays, self._flushes, self._claims):
            await line.close()

    async def claim(
        self, worker: str, limit: int, lease_s: float, *, beside: bool = False, held: Sequence[str] = ()
    ) -> list[ClaimedRun]:
        """Take up to `limit` READY runs; one commit. A run that cannot be read is FAILED with the reason."""
        self._held = [storable(each) for each in held]
        lease = timedelta(seconds=lease_s)
        ours = (*self._served, self._held)
        async with self._claims.use() as connection:
            rows = [] if beside else await connection.fetch(claim_sql.CLAIM_ALONE, worker, 1, lease, *ours)
            rows = rows or await connection.fetch(claim_sql.CLAIM, worker, limit, lease, *ours)
            if not rows and self._stale_after is not None:
                strange = (*ours, self._stale_after)
                rows = await connection.fetch(claim_sql.CLAIM_STRANGE, worker, limit, lease, *strange)
            claimed = [await self._claimed(connection, row) for row in rows]
        return [run for run in claimed if run is not None]

    async def any_alone(self) -> bool:
        """Whether a READY run waits to be tried alone."""
        async with self._claims.use() as connection:
            return bool(await connection.fetchval(claim_sql.ANY_ALONE, *self._served, self._held))

    async def _claimed(self, connection: Any, row: Any) -> ClaimedRun | None:
        try:
            return await self._decoded(connection, row)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            raise
        except Exception as error:  # whatever a damaged row raises, the other runs go on
            thread_id = row["run_thread_id"]
            log.exception("run %s cannot be read", thread_id, extra={"thread_id": thread_id})
            why = text(f"the stored run cannot be read: {type(error).__name__}: {error}")
            await connection.execute(claim_sql.FAIL, row["run_thread_id"], row["token"], why)
            return None

    async def _decoded(self, connection: Any, row: Any) -> ClaimedRun:
        run = claimed_run(
            thread_id=row["run_thread_id"],
            graph=row["graph"],
            token=row["token"],
            attempts=row["attempts"],
            alone=row["alone"],
            plan_id=row["plan_id"],
            digest=row["digest"],
            pause=row["pause"],
            answer=row["answer"],
            use_by=row["use_by"],
            own_head=row["head_id"],
            head=head_tuple(self._saver, row),
            effects=row["effects"],
            asked_digest=row["asked_digest"],
            is_gated=row["is_gated"],
            attempt=row["attempt"],
            begun_until=row["begun_until"],
            now=row["claimed_at"],
            traceparent=row["traceparent"],
        )
        if row["checkpoint_id"] not in {run.pause.checkpoint_id, run.own_head} or run.head is None:
            # The claim's snapshot may be older than the lock it waited for.
            run.head = await read_tuple(connection, self._saver, run.thread_id, "", None)
        return run

    async def read(self, thread_id: str, checkpoint_ns: str, checkpoint_id: str | None) -> Any:
        """A CheckpointTuple from a fresh snapshot; id None: the newest there. None where there is none."""
        async with self._claims.use() as connection:
            return await read_tuple(connection, self._saver, thread_id, checkpoint_ns, checkpoint_id)

    def pack(self, put: CheckpointPut | WritesPut) -> PackedPut:
        """Serialise a put now. Raises TypeError where the state cannot be serialised."""
        return puts.pack(put, self._saver)

    async def flush(self, acts: Sequence[Act]) -> list[Refusal | None]:
        """Make the acts durable in one transaction; per act None or why it alone was refused."""
        return await self._flusher.flush(acts)

    async def fate(self, act: Act) -> bool:
        """Whether an act whose commit's fate was unknown is in the store."""
        return await self._flusher.fate(act)

    async def renew(self, worker: str, tokens: Sequence[tuple[str, int]], lease_s: float) -> set[str]:
        """Prolong leases; returns the thread ids that are lost."""
        threads, numbers = [thread for thread, _ in tokens], [token for _, token in tokens]
        lease = timedelta(seconds=lease_s)
        async with self._claims.use() as connection:
            kept = await connection.fetch(claim_sql.RENEW, worker, threads, numbers, lease)
        return set(threads) - {row["thread_id"] for row in kept}

    async def reap(self, limit: int) -> int:
        """Return RUNNING runs whose lease expired to READY (token + 1); how many."""
        async with self._claims.use() as connection:
            count = _count(await connection.execute(claim_sql.REAP, limit))
        if count:
            self._bell.ring()
        return count

    async def release(self, worker: str, tokens: Sequence[tuple[str, int]], after_s: float = 0.0) -> int:
        """Give back these claims of this worker; how many it still held."""
        threads, numbers = [thread for thread, _ in tokens], [token for _, token in tokens]
        after = timedelta(seconds=after_s)
        async with self._claims.use() as connection:
            return _count(await connection.execute(claim_sql.RELEASE, worker, threads, numbers, after))

    async def wait_ready(self, timeout_s: float) -> None:
        """Sleep until runs may have become READY, at most `timeout_s`."""
        if self._listener.is_lost:
            try:
                await self._listener.open()
            except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError) as error:
                if not self._deaf:
                    log.warning("cannot listen for ready runs: %s; looking for them now and then", error)
                self._deaf = True
                await asyncio.sleep(timeout_s)
                return
            if self._deaf:
                log.warning("listening for ready runs works again")
            self._deaf = False
        await self._bell.wait(timeout_s)

    async def relay_outbox(self, limit: int, publish: Publish) -> int:
        """Publish the oldest rows that nobody else is publishing, and forget the delivered ones; how many.

        Their locks are held meanwhile. A process that is cut off loses its locks, and its rows go out again.
        """
        async with self._relays.use() as connection, connection.transaction():
            rows = await connection.fetch(claim_sql.TAKE_OUTBOX, limit, _RELAYED)
            if not rows:
                return 0
            delivered = await publish([(row["id"], _outbox_row(row)) for row in rows])
            await connection.execute(claim_sql.DROP_OUTBOX, list(delivered))
        return len(delivered)


def _outbox_row(row: Any) -> OutboxRow:
    fields = ("event_id", "record", "key", "body", "contract", "traceparent")
    return OutboxRow(*(row[name] for name in fields))


def _each(pairs: Sequence[tuple[str, str]] | None, place: int) -> list[str] | None:
    return None if pairs is None else [pair[place] for pair in pairs]


def _count(tag: str) -> int:
    """The number of rows in a command tag like `UPDATE 3`."""
    return int(tag.rsplit(" ", 1)[1])
