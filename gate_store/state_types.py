"""The classes in a graph's own state: what its checkpoints may revive beside LangGraph's own types."""

from typing import Any

from langgraph._internal._serde import build_serde_allowlist


def state_types(graph: Any) -> set[tuple[str, ...]]:
    """(module, name) of each class that the schemas of a compiled graph and its subgraphs name."""
    inner = [state_types(child) for _, child in graph.get_subgraphs()]
    builder = getattr(graph, "builder", None)
    if builder is None:  # the functional API names no schemas
        return set().union(*inner)
    schemas = [builder.state_schema, builder.input_schema, builder.output_schema]
    schemas += [node.input_schema for node in builder.nodes.values()]
    return build_serde_allowlist(schemas=schemas, channels=builder.channels).union(*inner)
