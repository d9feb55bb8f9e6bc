"""Whether the head of a thread is the pause that was approved, our own progress since, or a stranger's."""

from enum import Enum
from typing import Any

from langgraph.checkpoint.base import CheckpointTuple
from langgraph.pregel._task_status import read_task_statuses  # LangGraph's one reading of pending writes

from gate_events.pause import answer_of
from gate_events.words import PauseKind
from gate_store.engine.port import ClaimedRun
from stream_apps.resumer.saver import ERROR, PLAN_MARK, RESUME


class Position(Enum):
    """Where the thread's head is, seen from the bound pause."""

    BOUND = "the pause that was approved"
    OWN = "our own progress since"
    STRANGE = "something else"


def position_of(run: ClaimedRun, head: CheckpointTuple | None, child: CheckpointTuple | None) -> Position:
    """`head` is the newest root checkpoint; `child` that of the pause's subgraph, if it has one."""
    if head is None:
        return Position.STRANGE
    head_id = head.config["configurable"]["checkpoint_id"]
    if run.pause.kind is PauseKind.STATIC:
        return _static(run, head_id)
    if run.pause.interrupt_id in _pending(head):
        return _asked(run, head, head_id, child)
    if head_id == run.pause.checkpoint_id:  # the gate's node is done, its checkpoint is not written yet
        return Position.OWN if _answered_with(run, head) else Position.STRANGE
    return Position.OWN if head_id == run.own_head else Position.STRANGE


def has_begun(run: ClaimedRun, child: CheckpointTuple | None) -> bool:
    """Whether an earlier claim has acted on this answer; `child` as in `position_of`."""
    if run.effects:
        return True
    if run.head is None:
        return False
    if run.pause.kind is PauseKind.DYNAMIC and run.pause.interrupt_id in _pending(run.head):
        return bool(run.pause.checkpoint_ns) and child is not None and _goes_on(run, child)
    head_id = run.head.config["configurable"]["checkpoint_id"]
    moved = run.own_head is not None and head_id == run.own_head and head_id != run.pause.checkpoint_id
    return moved or (head_id == run.pause.checkpoint_id and _answered_with(run, run.head))


def _goes_on(run: ClaimedRun, child: CheckpointTuple) -> bool:
    """Whether the subgraph has left its gate under this plan."""
    if child.config["configurable"]["checkpoint_id"] == run.pause.checkpoint_id:
        return _answered_with(run, child)
    return (child.metadata or {}).get(PLAN_MARK) == str(run.plan_id)


def _static(run: ClaimedRun, head_id: str) -> Position:
    if head_id == run.pause.checkpoint_id:
        return Position.BOUND
    return Position.OWN if head_id == run.own_head else Position.STRANGE


def _asked(run: ClaimedRun, head: CheckpointTuple, head_id: str, child: CheckpointTuple | None) -> Position:
    if _answered_by_another(run, head):
        return Position.STRANGE
    if not run.pause.checkpoint_ns:
        return Position.BOUND if head_id == run.pause.checkpoint_id else Position.STRANGE
    if child is None:
        return Position.STRANGE
    at_pause = child.config["configurable"]["checkpoint_id"] == run.pause.checkpoint_id
    ours = (child.metadata or {}).get(PLAN_MARK) == str(run.plan_id)
    return Position.BOUND if at_pause or ours else Position.STRANGE


def _pending(head: CheckpointTuple) -> set[str]:
    statuses = read_task_statuses(head.pending_writes or ()).values()
    return {interrupt.id for status in statuses for interrupt in status.pending_interrupts}


def _answered_with(run: ClaimedRun, head: CheckpointTuple) -> bool:
    """The same verdict may have been given twice: what counts is what it said."""
    return any(
        channel == RESUME and any(_says(run, each) for each in _listed(value))
        for _, channel, value in head.pending_writes or ()
    )


def _says(run: ClaimedRun, value: Any) -> bool:
    try:
        said = answer_of(value)
    except (KeyError, TypeError, ValueError):  # somebody else's answer
        return False
    return (said.plan_id, said.state, said.digest) == (run.plan_id, run.answer.state, run.answer.digest)


def _answered_by_another(run: ClaimedRun, head: CheckpointTuple) -> bool:
    """An error made a stored answer stick: LangGraph would use it instead of ours."""
    failed = {task for task, channel, _ in head.pending_writes or () if channel == ERROR}
    stored = {task for task, channel, _ in head.pending_writes or () if channel == RESUME}
    return bool(failed & stored) and not _answered_with(run, head)


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
