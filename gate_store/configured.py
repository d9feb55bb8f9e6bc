"""How a run's own configurable is told from all else in its checkpoints' metadata."""

import json
from collections.abc import Mapping
from typing import Any

from langgraph.checkpoint.base import EXCLUDED_METADATA_KEYS, CheckpointMetadata

GRAPH = "plangate_graph"  # the name of the graph; what gate() calls an agent that has none
CONFIGURED = "plangate_configured"  # the names of what the caller configured, as JSON


def configured(metadata: Mapping[str, Any]) -> dict[str, Any]:
    """What a run was configured with when it was submitted, beside LangGraph's own."""
    if CONFIGURED in metadata:
        return {key: metadata[key] for key in _names(metadata[CONFIGURED]) if key in metadata}
    # A run that was submitted before the names were kept, or paused by somebody else's code.
    return {
        key: value
        for key, value in metadata.items()
        if not key.startswith("plangate_")
        and key not in CheckpointMetadata.__annotations__
        and key not in EXCLUDED_METADATA_KEYS
        and isinstance(value, str | int | float)
    }


def _names(told: Any) -> list[str]:
    """An agent's own row may hold anything."""
    try:
        names = json.loads(told)
    except (TypeError, ValueError):
        names = []
    return [CONFIGURED, *(each for each in names if isinstance(each, str))] if isinstance(names, list) else []
