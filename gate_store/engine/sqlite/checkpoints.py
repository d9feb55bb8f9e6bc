"""A stored row as the CheckpointTuple that AsyncSqliteSaver would return."""

import json
import sqlite3
from typing import Any

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.checkpoint.serde.base import SerializerProtocol
from langgraph.checkpoint.sqlite.utils import load_pending_writes, pending_writes_sql

from gate_store.engine.sqlite.claim_sql import HEAD

_WRITES = pending_writes_sql(True)


def read_tuple(
    connection: sqlite3.Connection,
    serde: SerializerProtocol,
    thread_id: str,
    namespace: str,
    checkpoint_id: str | None,
) -> CheckpointTuple | None:
    """One checkpoint, the newest unless an id is given."""
    row = connection.execute(HEAD, (thread_id, namespace, checkpoint_id)).fetchone()
    if row is None:
        return None
    writes = connection.execute(_WRITES, (thread_id, namespace, row["checkpoint_id"]))
    parent = row["parent_checkpoint_id"]
    return CheckpointTuple(
        _config(row, row["checkpoint_id"]),
        serde.loads_typed((row["type"], row["checkpoint"])),
        json.loads(row["metadata"]) if row["metadata"] is not None else {},
        _config(row, parent) if parent else None,
        load_pending_writes(writes, serde),
    )


def _config(row: Any, checkpoint_id: str) -> Any:
    return {
        "configurable": {
            "thread_id": row["thread_id"],
            "checkpoint_ns": row["checkpoint_ns"],
            "checkpoint_id": checkpoint_id,
        }
    }
