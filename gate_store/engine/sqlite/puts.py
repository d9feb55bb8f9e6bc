"""A put as rows of LangGraph's official tables, exactly as AsyncSqliteSaver writes them."""

import json
from dataclasses import dataclass
from typing import Any

from langgraph.checkpoint.base import WRITES_IDX_MAP, get_checkpoint_metadata
from langgraph.checkpoint.serde.base import SerializerProtocol

from gate_store.engine.port import CheckpointPut, PackedPut, WritesPut

_CHECKPOINT = (
    "INSERT OR REPLACE INTO checkpoints (thread_id, checkpoint_ns, checkpoint_id, parent_checkpoint_id, type,"
    " checkpoint, metadata) VALUES (?, ?, ?, ?, ?, ?, ?)"
)
_KEPT_WRITES = (
    "INSERT OR IGNORE INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx, channel,"
    " type, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)
_REPLACED_WRITES = (
    "INSERT OR REPLACE INTO writes (thread_id, checkpoint_ns, checkpoint_id, task_id, task_path, idx,"
    " channel, type, value) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"
)


@dataclass(frozen=True, slots=True)
class PutRows:
    """A statement and its rows."""

    statement: str
    values: list[tuple[Any, ...]]


def pack(put: CheckpointPut | WritesPut, serde: SerializerProtocol) -> PackedPut:
    """Serialise a put."""
    thread_id = str(put.config["configurable"]["thread_id"])
    if isinstance(put, CheckpointPut):
        return PackedPut(thread_id, put.checkpoint["id"], pack_checkpoint(put, serde))
    return PackedPut(thread_id, None, pack_writes(put, serde))


def pack_checkpoint(put: CheckpointPut, serde: SerializerProtocol) -> PutRows:
    """The row of an `aput`."""
    configurable = put.config["configurable"]
    metadata = get_checkpoint_metadata(put.config, put.metadata)  # type: ignore[arg-type]  # a plain dict
    row = (
        str(configurable["thread_id"]),
        configurable["checkpoint_ns"],
        put.checkpoint["id"],
        configurable.get("checkpoint_id"),
        *serde.dumps_typed(put.checkpoint),
        json.dumps(metadata, ensure_ascii=False).encode("utf-8", "ignore"),
    )
    return PutRows(_CHECKPOINT, [row])


def pack_writes(put: WritesPut, serde: SerializerProtocol) -> PutRows:
    """The rows of an `aput_writes`."""
    configurable = put.config["configurable"]
    task = (
        str(configurable["thread_id"]),
        str(configurable["checkpoint_ns"]),
        str(configurable["checkpoint_id"]),
        put.task_id,
        put.task_path,
    )
    rows = [
        (*task, WRITES_IDX_MAP.get(channel, idx), channel, *serde.dumps_typed(value))
        for idx, (channel, value) in enumerate(put.writes)
    ]
    replace = all(channel in WRITES_IDX_MAP for channel, _ in put.writes)
    return PutRows(_REPLACED_WRITES if replace else _KEPT_WRITES, rows)
