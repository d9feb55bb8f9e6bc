"""What an agent configured its run with, as its checkpoints keep it."""

from typing import Any

from langgraph.checkpoint.base import EXCLUDED_METADATA_KEYS, CheckpointMetadata

from stream_apps.resumer.saver import ANSWER_MARK, PLAN_MARK

GRAPH_NAME = "plangate_graph"  # what gate() calls an agent that has no name


def configured(head: Any) -> dict[str, Any]:
    """What the agent configured its run with, beside LangGraph's own: plain values, out of the metadata."""
    metadata = head.metadata or {} if head else {}
    known = {*CheckpointMetadata.__annotations__, PLAN_MARK, ANSWER_MARK, GRAPH_NAME, *EXCLUDED_METADATA_KEYS}
    return {
        key: value
        for key, value in metadata.items()
        if key not in known and isinstance(value, str | int | float)
    }
