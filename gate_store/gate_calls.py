"""Which gates the nodes of a graph called, so that one whose pause was caught is noticed.

The pause travels as an exception. A node that catches it goes on as if nobody had to be asked, and LangGraph
never hears of it. `gate()` notes here that it asked; whoever runs the graph compares.
"""

from contextvars import ContextVar
from typing import Any

from gate_store.pauses import AtGate, Finished, Pause

_MEND = (
    "call gate() outside of `try`, or let the pause through with `except GraphBubbleUp: raise`"
    " (langgraph.errors) before `except Exception`"
)


class GateCalls:
    """The gates that asked while a graph was invoked once: their interrupts' ids, and their nodes."""

    def __init__(self) -> None:
        self._asked: dict[str, str] = {}

    def note(self, interrupt_id: str, checkpoint_ns: str) -> None:
        """A gate in this place is about to pause the graph. Safe from a node's thread."""
        self._asked[interrupt_id] = checkpoint_ns

    def passed(self, where: Pause) -> str | None:
        """Why a graph that returned, and stands there, has gone past a gate; None: it has not."""
        if not isinstance(where, Finished | AtGate):
            return None
        waiting = where.run.interrupt_id if isinstance(where, AtGate) else None
        return _words(ns for id_, ns in self._asked.items() if id_ != waiting)

    async def passed_before(self, graph: Any, at: Any) -> str | None:
        """Why a graph that raised had gone past a gate before; None: it had not, or that is not known.

        A node that still has to run may have asked beside the one that raised.
        """
        if not self._asked:
            return None
        try:
            snapshot = await graph.aget_state(at)
        except Exception:  # what the node raised decides what becomes of it, not that nobody can look
            return None
        unfinished = {task.name for task in snapshot.tasks}
        at_root = {ns: _node(ns.split("|", maxsplit=1)[0]) for ns in self._asked.values()}
        return _words(ns for ns, node in at_root.items() if node not in unfinished)


def _words(places: Any) -> str | None:
    nodes = sorted({_node(ns.rsplit("|", maxsplit=1)[-1]) for ns in places})
    if not nodes:
        return None
    what = f"node {', '.join(nodes)} called gate() and went on without an answer"
    return f"{what}: it caught the exception that the pause travels as; {_MEND}"


def _node(place: str) -> str:
    return place.split(":", maxsplit=1)[0]


gate_calls: ContextVar[GateCalls | None] = ContextVar("plangate_gate_calls", default=None)
