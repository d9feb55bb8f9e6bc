"""Says, once each, for which graphs READY runs wait that this worker does not have."""

import asyncio
import logging
from collections.abc import Mapping

from sqlalchemy import Engine

from gate_store.engine.port import Served
from gate_store.unserved import unserved
from stream_apps.resumer.config import ResumerConfig

log = logging.getLogger(__name__)


class Strangers:
    """`served`: what this worker has itself."""

    def __init__(self, engine: Engine, served: Served, config: ResumerConfig) -> None:
        self._engine = engine
        self._served = served
        self._config = config
        self._said: set[str] = set()

    async def look(self) -> None:
        """Say what is new."""
        waiting = await asyncio.to_thread(self._waiting)
        for graph in waiting.keys() - self._said:
            log.warning("%s", self._words(graph, waiting[graph]))
        self._said = set(waiting)

    def _waiting(self) -> Mapping[str, int]:
        with self._engine.connect() as conn:
            return unserved(conn, self._served, self._config.clock())

    def _words(self, graph: str, count: int) -> str:
        known = graph in self._served.versions
        here = "has changed since they paused" if known else "is not in langgraph.json here"
        return (
            f"approved runs ({count}) are left to workers of another version: graph {graph!r} {here}; "
            f"unless one comes within {self._served.stale_after_s:g} s, they end STALE"
        )
