"""The engine's store with fault points around its calls; what it does stays untouched."""

import asyncio
import os
import random
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from gate_store.engine.port import (
    Act,
    CheckpointPut,
    ClaimedRun,
    EngineStore,
    OutboxRow,
    PackedPut,
    Publish,
    Refusal,
    WritesPut,
)
from plangate.torture.fault_points import FaultPoints
from plangate.torture.lines import append
from plangate.torture.places import Places


class StruckStore:
    """An EngineStore that passes everything on."""

    def __init__(self, store: EngineStore, places: Places) -> None:
        self._store = store
        self._places = places
        self._points = FaultPoints(places)

    async def open(self) -> None:
        """Connect, and say that this process works now."""
        await self._store.open()
        (self._places.awake / str(os.getpid())).touch()

    async def close(self) -> None:
        """Give all connections back."""
        (self._places.awake / str(os.getpid())).unlink(missing_ok=True)
        await self._store.close()

    async def claim(
        self, worker: str, limit: int, lease_s: float, *, beside: bool = False, held: Sequence[str] = ()
    ) -> list[ClaimedRun]:
        """Claim between two fault points."""
        self._points.at("claim.before")
        claimed = await self._store.claim(worker, limit, lease_s, beside=beside, held=held)
        if claimed:
            self._points.at("claim.after")
        return claimed

    async def any_alone(self) -> bool:
        """Passed on."""
        return await self._store.any_alone()

    async def read(self, thread_id: str, checkpoint_ns: str, checkpoint_id: str | None) -> Any:
        """Passed on."""
        return await self._store.read(thread_id, checkpoint_ns, checkpoint_id)

    def pack(self, put: CheckpointPut | WritesPut) -> PackedPut:
        """Passed on."""
        return self._store.pack(put)

    async def flush(self, acts: Sequence[Act]) -> list[Refusal | None]:
        """Flush among three fault points; who is about to claim or to doubt what is on the record first."""
        self._note(acts)
        self._points.at("flush.before")
        flushing = asyncio.ensure_future(self._store.flush(acts))
        await asyncio.sleep(random.random() / 200)  # noqa: S311 - somewhere inside, which no seed could repeat
        self._points.at("flush.during")
        refused = await flushing
        self._points.at("flush.after")
        return refused

    def _note(self, acts: Sequence[Act]) -> None:
        for act in acts:
            for intent in act.intents:
                self._write(act, intent.effect_id, doubt=False)
            for result in act.results:
                if result.state == "IN_DOUBT":
                    self._write(act, result.effect_id, doubt=True)

    def _write(self, act: Act, effect_id: UUID, *, doubt: bool) -> None:
        who = {"pid": os.getpid(), "token": act.token}
        append(self._places.claims, {"at": time.time(), "key": str(effect_id), "doubt": doubt, **who})

    async def fate(self, act: Act) -> bool:
        """Passed on."""
        return await self._store.fate(act)

    async def renew(self, worker: str, tokens: Sequence[tuple[str, int]], lease_s: float) -> set[str]:
        """Renew behind a fault point."""
        self._points.at("renew.before")
        return await self._store.renew(worker, tokens, lease_s)

    async def reap(self, limit: int) -> int:
        """Passed on."""
        return await self._store.reap(limit)

    async def release(self, worker: str, tokens: Sequence[tuple[str, int]], after_s: float = 0.0) -> int:
        """Passed on."""
        return await self._store.release(worker, tokens, after_s)

    async def wait_ready(self, timeout_s: float) -> None:
        """Passed on."""
        await self._store.wait_ready(timeout_s)

    async def relay_outbox(self, limit: int, publish: Publish) -> int:
        """Relay with fault points around the publishing."""

        async def struck(rows: Sequence[tuple[int, OutboxRow]]) -> Sequence[int]:
            self._points.at("publish.before")
            delivered = await publish(rows)
            self._points.at("publish.after")
            return delivered

        return await self._store.relay_outbox(limit, struck)
