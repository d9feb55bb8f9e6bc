"""The config that a submitted run gets."""

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from langgraph.pregel import Pregel

from producers.errors import SubmitError
from producers.gate import GRAPH

AnyGraph = Pregel[Any, Any, Any, Any]


def run_config(given: Mapping[str, Any] | None, thread_id: str | None, name: str) -> dict[str, Any]:
    """The caller's config with a thread id (given, its own, or a new one) and the graph's name.

    Raises SubmitError for a config that names a checkpoint or another thread.
    """
    config = dict(given or {})
    configurable = dict(config.get("configurable") or {})
    own = configurable.get("thread_id")
    thread = str(thread_id or own or uuid4())
    if own is not None and str(own) != thread:
        raise SubmitError(thread, f"the config names another thread, {own}; give one of them")
    if "checkpoint_id" in configurable:
        raise SubmitError(thread, "the config names a checkpoint; a run goes on from its newest one")
    return {**config, "configurable": {**configurable, "thread_id": thread, GRAPH: name}}


def compiled(graph: Any, thread_id: str) -> AnyGraph:
    """The graph, known to be compiled. Raises SubmitError."""
    if not isinstance(graph, Pregel):
        found = type(graph).__name__
        raise SubmitError(
            thread_id, f"a {found} is no compiled graph; give what StateGraph.compile() returns"
        )
    return graph
