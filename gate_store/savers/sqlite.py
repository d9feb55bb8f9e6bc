"""The SQLite saver, fenced."""

from collections.abc import Sequence
from typing import Any

from langchain_core.runnables import RunnableConfig
from langgraph.checkpoint.base import ChannelVersions, Checkpoint, CheckpointMetadata
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver

from gate_store.engine.port import CheckpointPut, FenceLostError, WritesPut
from gate_store.engine.sqlite.puts import PutRows, pack_checkpoint, pack_writes
from gate_store.savers.fence import Fences, without_token

HOLDS = "SELECT 1 FROM runs WHERE thread_id = ? AND token = ? AND status = 'RUNNING'"


class FencedSqliteSaver(AsyncSqliteSaver):
    """AsyncSqliteSaver whose writes hold the run's token in the same transaction; stock without a token."""

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
        token = self.fences.token(config)
        config = without_token(config)
        if token is None:
            return await super().aput(config, checkpoint, metadata, new_versions)
        configurable = config["configurable"]
        put = CheckpointPut(dict(config), checkpoint, metadata, dict(new_versions))
        await self._write(str(configurable["thread_id"]), token, pack_checkpoint(put, self.serde))
        return {
            "configurable": {
                "thread_id": configurable["thread_id"],
                "checkpoint_ns": configurable["checkpoint_ns"],
                "checkpoint_id": checkpoint["id"],
            }
        }

    async def aput_writes(
        self, config: RunnableConfig, writes: Sequence[tuple[str, Any]], task_id: str, task_path: str = ""
    ) -> None:
        """Save a task's writes. Raises FenceLostError where another worker has the run."""
        token = self.fences.token(config)
        if token is None:
            await super().aput_writes(config, writes, task_id, task_path)
            return
        put = WritesPut(dict(config), writes, task_id, task_path)
        await self._write(str(config["configurable"]["thread_id"]), token, pack_writes(put, self.serde))

    async def _write(self, thread_id: str, token: int, rows: PutRows) -> None:
        await self.setup()
        async with self.lock:
            await self.conn.execute("BEGIN IMMEDIATE")
            try:
                async with self.conn.execute(HOLDS, (thread_id, token)) as found:
                    if await found.fetchone() is None:
                        raise FenceLostError(thread_id, token)
                await self.conn.executemany(rows.statement, rows.values)
                await self.conn.commit()
            except BaseException:
                await self.conn.rollback()
                raise
