"""The checkpoints of one run in memory: the claimed head, and what was put since."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from langgraph.checkpoint.base import WRITES_IDX_MAP, CheckpointTuple, copy_checkpoint

Read = Callable[[str, str | None], Awaitable[CheckpointTuple | None]]


class Checkpoints:
    """Answers like the store would once the buffer is written. Reads the store for what it has not seen."""

    def __init__(self, head: CheckpointTuple | None) -> None:
        self._newest: dict[str, str] = {}
        self._known: dict[tuple[str, str], CheckpointTuple] = {}
        self._absent: set[tuple[str, str | None]] = set()
        if head is not None:
            self._keep(head)

    async def get(self, ns: str, checkpoint_id: str | None, read: Read) -> CheckpointTuple | None:
        """The newest checkpoint of `ns`, or the one named; a copy, since LangGraph changes what it gets."""
        wanted = checkpoint_id or self._newest.get(ns)
        if wanted is None or (ns, wanted) not in self._known:
            found = None if (ns, wanted) in self._absent else await read(ns, checkpoint_id)
            if found is None:
                self._absent.add((ns, wanted))
                return None
            wanted = self._keep(found, newest=checkpoint_id is None)
        return _copied(self._known[ns, wanted])

    def newest(self) -> list[CheckpointTuple]:
        """The newest known of each namespace."""
        return [self._known[at] for at in self._newest.items()]

    def forget(self) -> None:
        """Read the store anew: what was loaded is older than what it is compared with."""
        self._newest.clear()
        self._known.clear()
        self._absent.clear()

    def put(self, config: dict[str, Any], checkpoint: Any, metadata: Any) -> Any:
        """A new checkpoint, the newest of its namespace; returns its config."""
        at = config["configurable"]
        ns, parent = at.get("checkpoint_ns", ""), at.get("checkpoint_id")
        own = _config(at["thread_id"], ns, checkpoint["id"])
        parent_config = _config(at["thread_id"], ns, parent) if parent else None
        self._keep(CheckpointTuple(own, checkpoint, metadata, parent_config, []))
        return own

    def put_writes(self, config: dict[str, Any], writes: Sequence[tuple[str, Any]], task_id: str) -> None:
        """Writes of a task: special channels replace, others are kept as first written."""
        at = config["configurable"]
        known = self._known.get((at.get("checkpoint_ns", ""), at["checkpoint_id"]))
        if known is None:
            return  # a checkpoint that this run never loaded: the store alone has it
        before = list(known.pending_writes or [])
        mine = [w for w in before if w[0] == task_id and w[1] not in WRITES_IDX_MAP]
        special = {channel for channel, _ in writes if channel in WRITES_IDX_MAP}
        kept = [w for w in before if not (w[0] == task_id and w[1] in special)]
        plain = [w for w in writes if w[0] not in WRITES_IDX_MAP][len(mine) :]
        added = [(task_id, *w) for w in (*plain, *(w for w in writes if w[0] in special))]
        self._keep(known._replace(pending_writes=kept + added), newest=False)

    def _keep(self, found: CheckpointTuple, *, newest: bool = True) -> str:
        at = found.config["configurable"]
        ns, checkpoint_id = at.get("checkpoint_ns", ""), at["checkpoint_id"]
        self._known[ns, checkpoint_id] = found
        if newest:
            self._newest[ns] = checkpoint_id
        return str(checkpoint_id)


def _config(thread_id: str, ns: str, checkpoint_id: str) -> Any:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": ns, "checkpoint_id": checkpoint_id}}


def _copied(found: CheckpointTuple) -> CheckpointTuple:
    return found._replace(
        checkpoint=copy_checkpoint(found.checkpoint), pending_writes=list(found.pending_writes or [])
    )
