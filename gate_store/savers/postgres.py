"""The PostgreSQL saver, fenced."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from contextvars import ContextVar
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from psycopg import AsyncCursor
from psycopg.rows import DictRow

from gate_store.engine.port import FenceLostError
from gate_store.savers.fence import Fences, without_token

HOLDS = "SELECT 1 FROM runs WHERE thread_id = %s AND token = %s AND status = 'RUNNING' FOR SHARE"

_claim: ContextVar[tuple[str, int] | None] = ContextVar("plangate_claim", default=None)


class FencedPostgresSaver(AsyncPostgresSaver):
    """AsyncPostgresSaver whose writes hold the run's token in the same transaction; stock without a token.

    The hook is the private `_cursor`: langgraph-checkpoint-postgres is pinned to an exact version.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fences = Fences()

    async def aput(
        self,
        config: RunnableConfig,
        checkpoint: Checkpoint,
        metadata: CheckpointMetadata,
        new_versions: ChannelVersions,
    ) -> RunnableConfig:
        """Save a checkpoint. Raises FenceLostError where another worker has the run."""
        with self._claimed(config):
            return await super().aput(without_token(config), checkpoint, metadata, new_versions)

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save a task's writes. Raises FenceLostError where another worker has the run."""
        with self._claimed(config):
            await super().aput_writes(config, writes, task_id, task_path)

    def _claimed(self, config: RunnableConfig) -> "_Claimed":
        token = self.fences.token(config)
        return _Claimed(None if token is None else (str(config["configurable"]["thread_id"]), token))

    @asynccontextmanager
    async def _cursor(self, *, pipeline: bool = False) -> AsyncIterator[AsyncCursor[DictRow]]:
        claim = _claim.get()
        if claim is None:
            async with super()._cursor(pipeline=pipeline) as cursor:
                yield cursor
            return
        async with super()._cursor() as cursor, cursor.connection.transaction():
            await cursor.execute(HOLDS, claim)
            if await cursor.fetchone() is None:
                raise FenceLostError(*claim)
            yield cursor


class _Claimed:
    """Names the claim for the cursor that the saver opens inside."""

    def __init__(self, claim: tuple[str, int] | None) -> None:
        self._new = claim

    def __enter__(self) -> None:
        self._old = _claim.set(self._new)

    def __exit__(self, *_: object) -> None:
        _claim.reset(self._old)
