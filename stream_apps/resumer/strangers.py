"""Says, once each, for which graphs READY runs wait that this worker does not have."""

import asyncio
import logging
from collections.abc import Mapping, Sequence

from sqlalchemy import Engine

from gate_store.unserved import Unserved, unserved
from stream_apps.resumer.config import ResumerConfig

log = logging.getLogger(__name__)


class Strangers:
    """`versions`: what this worker serves, by the graph's name."""

    def __init__(self, engine: Engine, versions: Mapping[str, str], config: ResumerConfig) -> None:
        self._engine = engine
        self._versions = versions
        self._config = config
        self._said: set[tuple[str, str]] = set()

    async def look(self) -> None:
        """Say what is new."""
        waiting = await asyncio.to_thread(self._waiting)
        for each in waiting:
            if (each.graph, each.version) not in self._said:
                log.warning("%s", self._words(each))
        self._said = {(each.graph, each.version) for each in waiting}

    def _waiting(self) -> Sequence[Unserved]:
        with self._engine.connect() as conn:
            return unserved(conn, self._versions, self._config.clock())

    def _words(self, each: Unserved) -> str:
        here = (
            "has changed since they paused"
            if each.graph in self._versions
            else "is not in langgraph.json here"
        )
        return (
            f"{each.count} approved runs are left to workers of another version: "
            f"graph {each.graph!r} {here}; unless one comes within {self._config.stale_after_s:g} s, "
            f"they end STALE"
        )
