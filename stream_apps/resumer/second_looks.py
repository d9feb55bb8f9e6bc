"""A probe that could not tell may tell later: steps in doubt are probed again and again."""

import asyncio
import logging
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Engine

from gate_events.shown import shown
from gate_store.database import Clock
from gate_store.probing import Doubted, doubted_steps, settle_by_probe
from stream_apps.resumer.calling import asked
from stream_apps.resumer.calls import calls
from stream_apps.resumer.graphs import Loaded

log = logging.getLogger(__name__)

PROBE_S = 30.0  # one that does not answer holds up only so long those after it


class SecondLooks:
    """Settles doubts whose probe knows by now; the people who were asked are told so."""

    def __init__(self, engine: Engine, graphs: Mapping[str, Loaded], clock: Clock) -> None:
        self._engine = engine
        self._probes = {name: graph.probes for name, graph in graphs.items() if graph.probes}
        self._clock = clock
        self._seen: UUID | None = None  # the next look goes on from there

    async def look(self) -> int:
        """Probe some steps in doubt; how many were settled."""
        if not self._probes:
            return 0
        found = await asyncio.to_thread(self._doubted)
        self._seen = found[-1].effect_id if found else None
        return sum([await self._settled(doubt) for doubt in found])

    def _doubted(self) -> list[Doubted]:
        actions = {action for probes in self._probes.values() for action in probes}
        with self._engine.connect() as conn:
            return doubted_steps(conn, actions, self._seen)

    async def _settled(self, doubt: Doubted) -> bool:
        probe = self._probes.get(doubt.graph, {}).get(doubt.step.action_type)
        if probe is None or calls.is_out(doubt.effect_id):
            return False
        try:
            async with asyncio.timeout(PROBE_S):
                happened = await asked(probe, doubt.step)
        except Exception as error:  # a human is asked already; its words may quote a secret argument
            which = (shown(doubt.thread_id), shown(doubt.step.step_id), type(error).__name__)
            ids = {"thread_id": doubt.thread_id, "step_id": doubt.step.step_id}
            log.info("run %s, step %s is still in doubt: its probe failed (%s)", *which, extra=ids)
            return False
        if happened is False and not doubt.is_gone:
            return False  # it may happen yet
        return isinstance(happened, bool) and await asyncio.to_thread(self._settle, doubt, happened)

    def _settle(self, doubt: Doubted, happened: bool) -> bool:
        with self._engine.connect() as conn, conn.begin() as transaction:
            settled = settle_by_probe(conn, doubt, happened=happened, now=self._clock())
            if not settled:
                transaction.rollback()
        return settled
