"""The version of a graph: what an approval of one of its pauses depends on."""

import hashlib
import json
from typing import Any
from weakref import WeakKeyDictionary

_known: "WeakKeyDictionary[Any, str]" = WeakKeyDictionary()


def graph_version(graph: Any) -> str:
    """SHA-256 (16 hex digits) over nodes, edges, gates and channels; the same in every process."""
    if graph not in _known:
        text = json.dumps(_shape(graph), sort_keys=True, default=str)
        _known[graph] = hashlib.sha256(text.encode()).hexdigest()[:16]
    return _known[graph]


def _shape(graph: Any) -> dict[str, Any]:
    return {
        "nodes": sorted(graph.nodes),
        "edges": _edges(getattr(graph, "builder", None)),
        "interrupt_before": _names(graph.interrupt_before_nodes),
        "interrupt_after": _names(graph.interrupt_after_nodes),
        "channels": {name: type(channel).__name__ for name, channel in graph.channels.items()},
        "subgraphs": {name: _shape(child) for name, child in graph.get_subgraphs()},
    }


def _names(nodes: Any) -> Any:
    return nodes if isinstance(nodes, str) else sorted(nodes)


def _edges(builder: Any) -> list[Any]:
    if builder is None:  # the functional API has no edges
        return []
    joined = [[sorted(starts), end] for starts, end in builder.waiting_edges]
    branches = [
        [start, name, sorted((branch.ends or {}).items(), key=str)]
        for start, named in builder.branches.items()
        for name, branch in named.items()
    ]
    return sorted([*map(list, builder.edges), *joined, *branches], key=str)
