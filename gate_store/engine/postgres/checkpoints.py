"""A stored row as the CheckpointTuple that AsyncPostgresSaver would return."""

import json
from typing import Any

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.postgres.base import BasePostgresSaver
from langgraph.checkpoint.serde.types import TASKS

from gate_store.engine.postgres.claim_sql import PENDING_SENDS, READ

SENDS_MOVED = 4  # the checkpoint version that first keeps its sends itself


async def read_tuple(
    connection: Any, saver: BasePostgresSaver, thread_id: str, namespace: str, checkpoint_id: str | None
) -> CheckpointTuple | None:
    """One checkpoint, the newest unless an id is given."""
    row = await connection.fetchrow(READ, thread_id, namespace, checkpoint_id)
    if row is None:
        return None
    checkpoint, values = json.loads(row["checkpoint"]), row["channel_values"] or []
    if checkpoint["v"] < SENDS_MOVED and row["parent_checkpoint_id"]:
        sends = await connection.fetchval(
            PENDING_SENDS, thread_id, namespace, row["parent_checkpoint_id"], TASKS
        )
        saver._migrate_pending_sends(sends or [], checkpoint, values)
    return _tuple(saver, row, checkpoint, values)


def head_tuple(saver: BasePostgresSaver, row: Any) -> CheckpointTuple | None:
    """The head that a claim loaded; None: there is none, or it is older than version 4 and must be read."""
    if row["checkpoint"] is None:
        return None
    checkpoint = json.loads(row["checkpoint"])
    if checkpoint["v"] < SENDS_MOVED:
        return None
    return _tuple(saver, row, checkpoint, row["channel_values"] or [])


def _tuple(
    saver: BasePostgresSaver, row: Any, checkpoint: dict[str, Any], values: list[Any]
) -> CheckpointTuple:
    channel_values = {**(checkpoint.get("channel_values") or {}), **saver._load_blobs(values)}
    parent = row["parent_checkpoint_id"]
    return CheckpointTuple(
        _config(row, row["checkpoint_id"]),
        {**checkpoint, "channel_values": channel_values},  # type: ignore[typeddict-item]  # JSON's dict is wider
        json.loads(row["metadata"]),
        _config(row, parent) if parent else None,
        saver._load_writes(row["pending_writes"]),
    )


def _config(row: Any, checkpoint_id: str) -> Any:
    return {
        "configurable": {
            "thread_id": row["thread_id"],
            "checkpoint_ns": row["checkpoint_ns"],
            "checkpoint_id": checkpoint_id,
        }
    }
