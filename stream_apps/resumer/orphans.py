"""Runs whose agent went silent before the gate: their checkpoint tells how far they came."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine

from gate_store.engine.port import FenceLostError
from gate_store.pauses import AtGate, Elsewhere, Erred, Finished, Pause, Unfinished, proposal, read_pause
from gate_store.runs import Orphan, RunBusyError, end_run, orphans, pause_run, register_run
from gate_store.savers.serde import NotRestoredError
from stream_apps.resumer.config import ResumerConfig
from stream_apps.resumer.graphs import Loaded

log = logging.getLogger(__name__)

T = TypeVar("T")


class Orphans:
    """Pauses an orphan that stands at its gate, as its `submit` would have done; ends the others."""

    def __init__(self, engine: Engine, graphs: Mapping[str, Loaded], config: ResumerConfig) -> None:
        self._engine = engine
        self._graphs = graphs
        self._config = config

    async def look_after(self) -> int:
        """Settle all orphans of graphs that this worker knows; how many."""
        found = await self._in_store(lambda conn: orphans(conn, self._config.clock()))
        ours = [orphan for orphan in found if orphan.graph in self._graphs]
        for orphan in ours:
            try:
                await self._settle(orphan)
            except (RunBusyError, FenceLostError) as error:
                ids = {"thread_id": orphan.thread_id}
                log.info("orphan %s is looked after elsewhere: %s", orphan.thread_id, error, extra=ids)
        return len(ours)

    async def _settle(self, orphan: Orphan) -> None:
        """The thread is taken before it is read: its agent may be slow, not dead."""
        config, clock = self._config, self._config.clock
        thread, graph = orphan.thread_id, orphan.graph
        token = await self._in_store(
            lambda conn: register_run(conn, thread, graph, config.worker, config.lease_s, clock())
        )
        where = await self._where(orphan)
        if isinstance(where, AtGate):
            plan = proposal(where, clock())
            await self._in_store(lambda conn: pause_run(conn, thread, token, where.run, plan, clock()))
            return
        status, why = ending(where)
        await self._in_store(lambda conn: end_run(conn, thread, token, status, clock(), why))

    async def _where(self, orphan: Orphan) -> Pause:
        loaded = self._graphs[orphan.graph]
        at: Any = {"configurable": {"thread_id": orphan.thread_id}}
        try:
            snapshot = await loaded.graph.aget_state(at, subgraphs=True)
        except NotRestoredError as error:
            return Elsewhere(str(error))
        if snapshot.created_at is None:  # it never wrote a checkpoint
            return Unfinished(())
        return read_pause(loaded.graph, loaded.name, snapshot, loaded.plan_from_state)

    async def _in_store(self, work: Callable[[Connection], T]) -> T:
        def in_transaction() -> T:
            with self._engine.begin() as conn:
                return work(conn)

        return await asyncio.to_thread(in_transaction)


def ending(where: Pause) -> tuple[str, str]:
    """State and reason of an orphan that is not at a gate."""
    match where:
        case Finished():
            return "DONE", ""
        case Erred():
            return "FAILED", where.error
        case Elsewhere():
            return "FAILED", where.why
        case _:
            return "FAILED", "the submitting process died before the gate; submit again"
