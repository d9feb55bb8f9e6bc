"""What a claimed run starts with: the input of its graph, or why it does not start."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.types import Command

from gate_events.digest import plan_digest, step_digest
from gate_events.pause import answer_value
from gate_events.values import Step
from gate_events.words import GateState, PauseKind
from gate_store.graph_version import graph_version
from gate_store.pauses import AtGate, question_from, read_pause
from stream_apps.resumer.errors import RunFailedError
from stream_apps.resumer.graphs import Loaded
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.saver import PLAN_MARK
from stream_apps.resumer.standing import Standing, standing


@dataclass(frozen=True)
class Invoke:
    """Give the graph this input."""

    given: Any


@dataclass(frozen=True)
class Wait:
    """The graph stands at its next gate already: nothing is to be run."""


@dataclass(frozen=True)
class Rejected:
    """A graph gated from outside has no way to hear a rejection: it is not run."""

    steps: Sequence[Step]


@dataclass(frozen=True)
class Stale:
    """The thread is no longer where it was approved."""

    why: str


Opening = Invoke | Wait | Rejected | Stale


async def open_run(run: RunState, loaded: Loaded, saver: Any, config: dict[str, Any]) -> Opening:
    """How the run goes on. Raises RunFailedError where no attempt could succeed."""
    claimed = run.claimed
    _check_digest(run)
    if graph_version(loaded.graph) != claimed.pause.graph_version:
        return Stale(f"graph {loaded.name!r} has changed since it paused; submit the input again")
    where = await _standing(run, saver)
    if where is Standing.STRANGE:
        return Stale("the thread has moved on since the plan was approved; submit the input again")
    if claimed.pause.kind is PauseKind.STATIC:
        return await _static(run, loaded, config, where)
    if where is Standing.OWN:
        return Invoke(None)
    return Invoke(Command(resume={claimed.pause.interrupt_id or "": answer_value(claimed.answer)}))


def _check_digest(run: RunState) -> None:
    """What was seen is what runs."""
    claimed, answer = run.claimed, run.claimed.answer
    if answer.state is not GateState.APPROVED:
        return
    digest = plan_digest(claimed.plan_id, answer.revision, answer.steps, claimed.pause)
    if not digest == answer.digest == claimed.digest or answer.plan_id != claimed.plan_id:
        raise RunFailedError("the approved steps do not have the digest that was approved; nothing was run")


async def _standing(run: RunState, saver: Any) -> Standing:
    """A head that does not match is read again: the claim's snapshot may be older than the pause."""
    claimed = run.claimed
    child = await _child(run, saver)
    where = standing(claimed, claimed.head, child)
    if where is Standing.STRANGE:
        run.checkpoints.forget()
        head = await saver.aget_tuple(_at(claimed.thread_id, ""))
        where = standing(claimed, head, await _child(run, saver))
    return where


async def _child(run: RunState, saver: Any) -> Any:
    pause = run.claimed.pause
    return await saver.aget_tuple(_at(pause.thread_id, pause.checkpoint_ns)) if pause.checkpoint_ns else None


def _at(thread_id: str, ns: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": ns}}


async def _static(run: RunState, loaded: Loaded, config: dict[str, Any], where: Standing) -> Opening:
    claimed = run.claimed
    snapshot = await loaded.graph.aget_state(config)
    if claimed.answer.state is not GateState.APPROVED:
        return Rejected(_planned(loaded, snapshot.values))
    if where is Standing.OWN:
        return _static_progress(run, loaded, snapshot)
    if tuple(snapshot.next) != claimed.pause.next_nodes:
        return Stale(f"next would run {', '.join(snapshot.next)}, not what was approved; submit again")
    if _contents(run, _planned(loaded, snapshot.values)) != _contents(run, claimed.answer.steps):
        await _apply_edit(run, loaded, snapshot, config)
    return Invoke(None)


def _static_progress(run: RunState, loaded: Loaded, snapshot: Any) -> Opening:
    """At a gated node again: it is the edited one of this approval, or the next gate, never to be passed."""
    if not isinstance(read_pause(loaded.graph, loaded.name, snapshot, loaded.plan_from_state), AtGate):
        return Invoke(None)
    edited = snapshot.metadata.get("source") == "update"
    return Invoke(None) if edited and snapshot.metadata.get(PLAN_MARK) == str(run.claimed.plan_id) else Wait()


async def _apply_edit(run: RunState, loaded: Loaded, snapshot: Any, config: dict[str, Any]) -> None:
    if loaded.apply_edit is None:
        raise RunFailedError(
            f"the plan was edited, and graph {loaded.name!r} has no way to take an edit: "
            f"name apply_edit in langgraph.json, or ask with gate(plan)"
        )
    update = loaded.apply_edit(snapshot.values, run.claimed.answer)
    update = await update if inspect.isawaitable(update) else update
    await loaded.graph.aupdate_state(config, update)
    edited = await loaded.graph.aget_state(config)
    if _contents(run, _planned(loaded, edited.values)) != _contents(run, run.claimed.answer.steps):
        raise RunFailedError("apply_edit did not put the approved steps into the state; nothing was run")
    if tuple(edited.next) != run.claimed.pause.next_nodes:
        raise RunFailedError("apply_edit moved the run to another node; nothing was run")


def _planned(loaded: Loaded, values: Any) -> Sequence[Step]:
    if loaded.plan_from_state is None:
        raise RunFailedError(f"graph {loaded.name!r} has no plan_from_state in langgraph.json any more")
    return question_from(loaded.plan_from_state(values), loaded.name).steps


def _contents(run: RunState, steps: Sequence[Step]) -> list[str]:
    return [step_digest(run.claimed.plan_id, step) for step in steps]
