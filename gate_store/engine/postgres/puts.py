"""A put as rows of LangGraph's official tables, exactly as AsyncPostgresSaver writes them."""

import json
from dataclasses import dataclass, field
from typing import Any

from langgraph.checkpoint.base import WRITES_IDX_MAP, get_serializable_checkpoint_metadata
from langgraph.checkpoint.postgres.base import BasePostgresSaver
from langgraph.checkpoint.serde.types import _DeltaSnapshot

from gate_store.engine.port import CheckpointPut, PackedPut, WritesPut

Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class PutRows:
    """Rows in the order of the tables' columns."""

    blobs: list[Row] = field(default_factory=list)
    checkpoint: Row | None = None
    writes: list[Row] = field(default_factory=list)
    replace: bool = False  # these writes replace what is there; others leave it


def pack(put: CheckpointPut | WritesPut, saver: BasePostgresSaver) -> PackedPut:
    """Serialise a put."""
    if isinstance(put, CheckpointPut):
        rows = _checkpoint_rows(put, saver)
        return PackedPut(rows.checkpoint[0] if rows.checkpoint else "", put.checkpoint["id"], rows)
    rows = _write_rows(put, saver)
    return PackedPut(str(put.config["configurable"]["thread_id"]), None, rows)


def _checkpoint_rows(put: CheckpointPut, saver: BasePostgresSaver) -> PutRows:
    configurable = put.config["configurable"]
    thread_id, namespace = str(configurable["thread_id"]), configurable["checkpoint_ns"]
    inline, large = _split(put.checkpoint["channel_values"])
    versions = {name: version for name, version in put.new_versions.items() if name in large}
    metadata = get_serializable_checkpoint_metadata(put.config, put.metadata)  # type: ignore[arg-type]  # a plain dict
    checkpoint = (
        thread_id,
        namespace,
        put.checkpoint["id"],
        configurable.get("checkpoint_id"),
        json.dumps({**put.checkpoint, "channel_values": inline}),
        json.dumps(metadata),
    )
    return PutRows(saver._dump_blobs(thread_id, namespace, large, versions), checkpoint)


def _split(values: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Channel values that live in the checkpoint's JSON, and those with a blob of their own."""
    inline: dict[str, Any] = {}
    large: dict[str, Any] = {}
    for name, value in values.items():
        if isinstance(value, _DeltaSnapshot):
            large[name] = value
            inline[name] = True  # the savers' mark of a snapshot
        elif value is None or isinstance(value, str | int | float | bool):
            inline[name] = value
        else:
            large[name] = value
    return inline, large


def _write_rows(put: WritesPut, saver: BasePostgresSaver) -> PutRows:
    configurable = put.config["configurable"]
    rows = saver._dump_writes(
        str(configurable["thread_id"]),
        configurable["checkpoint_ns"],
        configurable["checkpoint_id"],
        put.task_id,
        put.task_path,
        put.writes,
    )
    replace = all(channel in WRITES_IDX_MAP for channel, _ in put.writes)
    return PutRows(writes=list(rows), replace=replace)
