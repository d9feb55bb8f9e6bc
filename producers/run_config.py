"""The config that a submitted run gets."""

import json
import math
from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from langgraph.checkpoint.base import EXCLUDED_METADATA_KEYS, CheckpointMetadata
from langgraph.pregel import Pregel

from gate_store.configured import CONFIGURED, GRAPH
from producers.errors import SubmitError

AnyGraph = Pregel[Any, Any, Any, Any]

_OF_LANGGRAPH = {"thread_id", "checkpoint_ns"}  # what a caller may give beside values of his own
_TAKEN = frozenset(CheckpointMetadata.__annotations__)


def run_config(given: Mapping[str, Any] | None, thread_id: str | None, name: str) -> dict[str, Any]:
    """The caller's config with a thread id (given, its own, or a new one) and the graph's name.

    Raises SubmitError for a config that names a checkpoint or another thread, and for what a run that is
    resumed elsewhere would find lost or changed: LangGraph keeps plain values alone, beside its own names.
    """
    config = dict(given or {})
    configurable = dict(config.get("configurable") or {})
    own = configurable.get("thread_id")
    thread = str(thread_id or own or uuid4())
    if own is not None and str(own) != thread:
        raise SubmitError(thread, f"the config names another thread, {own}; give one of them")
    if "checkpoint_id" in configurable:
        raise SubmitError(thread, "the config names a checkpoint; a run goes on from its newest one")
    own_values = {key: value for key, value in configurable.items() if key not in _OF_LANGGRAPH}
    for key, value in own_values.items():
        if why := _why_not_kept(key, value, config.get("metadata") or {}):
            raise SubmitError(thread, f"configurable {key!r} {why}; put it into the graph's input")
    kept = {CONFIGURED: json.dumps(sorted(own_values)), GRAPH: name, "thread_id": thread}
    return {**config, "configurable": {**configurable, **kept}}


def _why_not_kept(key: str, value: Any, metadata: Mapping[str, Any]) -> str | None:
    if key in _TAKEN or key in EXCLUDED_METADATA_KEYS or key.startswith(("__", "plangate_")):
        return "is a name of LangGraph's or Plangate's own, and would not be there after the pause"
    if key in metadata and metadata[key] != value:
        return f"is {metadata[key]!r} in the config's metadata, and would be that after the pause"
    if not isinstance(value, str | int | float):
        return f"is of type {type(value).__name__}, and would not be there after the pause"
    if isinstance(value, float) and not math.isfinite(value):
        return f"is {value}, which no checkpoint keeps"
    if isinstance(value, str) and "\0" in value:
        return "has U+0000 in it, which would not be there after the pause"
    return None


def compiled(graph: Any, thread_id: str) -> AnyGraph:
    """The graph, known to be compiled. Raises SubmitError."""
    if not isinstance(graph, Pregel):
        found = type(graph).__name__
        raise SubmitError(
            thread_id, f"a {found} is no compiled graph; give what StateGraph.compile() returns"
        )
    return graph
