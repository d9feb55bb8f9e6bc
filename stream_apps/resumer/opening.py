"""What a claimed run starts with: the input of its graph, or why it does not start."""

import inspect
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from langgraph.types import Command

from gate_events.digest import plan_digest, step_digest
from gate_events.ids import plan_id_of_pause
from gate_events.pause import answer_value, is_question, question_of
from gate_events.values import Step
from gate_events.words import GateState, PauseKind
from gate_store.graph_version import graph_version
from gate_store.pauses import AtGate, question_from, read_pause
from stream_apps.resumer.errors import RunFailedError
from stream_apps.resumer.graphs import Loaded
from stream_apps.resumer.position import Position, has_begun, position_of
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.saver import ANSWER_MARK, INTERRUPT, PLAN_MARK, answer_mark


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
    where = await _position(run, saver)
    if where is Position.STRANGE:
        return Stale("the thread has moved on since the plan was approved; submit the input again")
    await _refuse_another_answer(run, saver)
    if claimed.pause.kind is PauseKind.DYNAMIC:
        _check_asked(run, await steps_asked(run, saver))
    if claimed.pause.kind is PauseKind.STATIC:
        return await _static(run, loaded, config, where)
    if where is Position.OWN:
        return Invoke(None)
    return Invoke(Command(resume={claimed.pause.interrupt_id or "": answer_value(claimed.answer)}))


def _check_digest(run: RunState) -> None:
    """What was seen is what runs."""
    claimed, answer = run.claimed, run.claimed.answer
    if not claimed.plan_id == answer.plan_id == plan_id_of_pause(claimed.pause):
        raise RunFailedError("the answer is about another plan than this pause asks about; nothing was run")
    if answer.state is not GateState.APPROVED:
        return
    digest = plan_digest(claimed.plan_id, answer.revision, answer.steps, claimed.pause)
    if not digest == answer.digest == claimed.digest or answer.plan_id != claimed.plan_id:
        raise RunFailedError("the approved steps do not have the digest that was approved; nothing was run")


def _check_asked(run: RunState, steps: Sequence[Step] | None) -> None:
    """What may run is what the run itself asked about, or what a human made of it."""
    claimed = run.claimed
    found = None if steps is None else plan_digest(claimed.plan_id, 1, steps, claimed.pause)
    if found and claimed.asked_digest and found != claimed.asked_digest:
        raise RunFailedError("the run asks about other steps than those that were judged; nothing was run")
    asked = claimed.asked_digest or found
    if claimed.answer.state is not GateState.APPROVED:
        return
    if asked is None:
        raise RunFailedError("what the run asked about is not in its checkpoints any more; nothing was run")
    if claimed.answer.digest != asked and not claimed.is_gated:
        raise RunFailedError(
            "what was approved is neither what the run asked about nor a human's edit of it; nothing was run"
        )


async def steps_asked(run: RunState, saver: Any) -> Sequence[Step] | None:
    """The steps of the interrupt's own question: at the head, or where it was asked."""
    pause = run.claimed.pause
    head = await saver.aget_tuple(_at(pause.thread_id, ""))
    asked_at = _at(pause.thread_id, pause.checkpoint_ns)
    asked_at["configurable"]["checkpoint_id"] = pause.checkpoint_id
    steps = asked_steps(head, pause.interrupt_id)
    return steps if steps is not None else asked_steps(await saver.aget_tuple(asked_at), pause.interrupt_id)


def asked_steps(at: Any, interrupt_id: str | None) -> Sequence[Step] | None:
    """The steps of the question that a checkpoint's writes hold; None: they do not."""
    for _, channel, value in (at.pending_writes or ()) if at else ():
        if channel != INTERRUPT:
            continue
        for interrupt in value if isinstance(value, list | tuple) else [value]:
            if interrupt.id == interrupt_id and is_question(interrupt.value):
                return question_of(interrupt.value).steps
    return None


async def _refuse_another_answer(run: RunState, saver: Any) -> None:
    """A graph that went on with an approval hears nothing of a later answer: it may not go on against it."""
    claimed, answer = run.claimed, run.claimed.answer
    for ns in {"", claimed.pause.checkpoint_ns}:
        newest = await saver.aget_tuple(_at(claimed.thread_id, ns))
        metadata = (newest.metadata or {}) if newest else {}
        told = metadata.get(ANSWER_MARK, answer_mark(claimed))
        if metadata.get(PLAN_MARK) == str(claimed.plan_id) and told != answer_mark(claimed):
            raise RunFailedError(
                f"the graph had gone on with an earlier answer when {answer.decided_by} said "
                f"{answer.state.value}: the rest is not run; submit the input again"
            )


async def _position(run: RunState, saver: Any) -> Position:
    """A head that does not match is read again: the claim's snapshot may be older than the pause."""
    claimed = run.claimed
    child = await _subgraph_head(run, saver)
    where = position_of(claimed, claimed.head, child)
    if where is Position.STRANGE:
        run.checkpoints.forget()
        head = await saver.aget_tuple(_at(claimed.thread_id, ""))
        where = position_of(claimed, head, await _subgraph_head(run, saver))
    return where


async def has_gone_on(run: RunState, saver: Any) -> bool:
    """Whether an earlier claim got on with this answer, also inside of a subgraph."""
    return has_begun(run.claimed, await _subgraph_head(run, saver))


async def _subgraph_head(run: RunState, saver: Any) -> Any:
    """The newest checkpoint of the subgraph that the run paused in; None: at its root."""
    pause = run.claimed.pause
    return await saver.aget_tuple(_at(pause.thread_id, pause.checkpoint_ns)) if pause.checkpoint_ns else None


def _at(thread_id: str, ns: str) -> dict[str, Any]:
    return {"configurable": {"thread_id": thread_id, "checkpoint_ns": ns}}


async def _static(run: RunState, loaded: Loaded, config: dict[str, Any], where: Position) -> Opening:
    claimed = run.claimed
    snapshot = await loaded.graph.aget_state(config)
    _check_asked(run, _planned(loaded, snapshot.values) if where is Position.BOUND else None)
    if claimed.answer.state is not GateState.APPROVED:
        return Rejected(_planned(loaded, snapshot.values))
    if where is Position.OWN:
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
