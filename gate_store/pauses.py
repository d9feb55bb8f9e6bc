"""Where a LangGraph run stands: at a gate, at its end, at an error, or where Plangate does not ask.

Reads what `graph.get_state(config, subgraphs=True)` returned; the return value of `invoke` does not tell.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from gate_events.ids import plan_id_of_pause, proposal_id
from gate_events.pause import GateQuestion, is_question, question_of
from gate_events.records import PlanProposed
from gate_events.values import RunIdentity
from gate_events.words import PauseKind
from gate_store.graph_version import graph_version

PlanFromState = Callable[[Any], Any]


@dataclass(frozen=True)
class AtGate:
    """Paused at a gate: which pause it is, and what the agent wants to do."""

    run: RunIdentity
    question: GateQuestion


@dataclass(frozen=True)
class Finished:
    """Nothing is left to run."""


@dataclass(frozen=True)
class Erred:
    """A node raised; its stored answer would be used again, so nobody is asked anew."""

    error: str


@dataclass(frozen=True)
class Unfinished:
    """Nodes are left to run and nothing asks: the process that ran them stopped."""

    next_nodes: tuple[str, ...]


@dataclass(frozen=True)
class Elsewhere:
    """Paused where Plangate cannot ask; `why` names the node and the mend."""

    why: str


Pause = AtGate | Finished | Erred | Unfinished | Elsewhere


def read_pause(graph: Any, name: str, snapshot: Any, plan_from_state: PlanFromState | None = None) -> Pause:
    """Where the run stands. `graph` is compiled, `name` its name in langgraph.json, `snapshot` its state.

    `plan_from_state(values)` gives the plan of a graph compiled with `interrupt_before`: a Plan, a dict, or
    anything with goal, steps, agent and proposer.
    """
    found = list(_interrupts(snapshot))
    if len(found) > 1:
        nodes = ", ".join(sorted(task.name for _, task, _ in found))
        return Elsewhere(f"several nodes ask at once ({nodes}); put the gates one after another")
    if found:
        return _dynamic(graph, name, *found[0])
    for task in snapshot.tasks:
        if task.error is not None:
            return Erred(f"node {task.name} raised {_words(task.error)}")
    if not snapshot.next:
        return Finished()
    return _static(graph, name, snapshot, plan_from_state)


def proposal(gate: AtGate, now: datetime) -> PlanProposed:
    """The plan of a pause. The same pause gives the same plan id and event id, however often it is read."""
    plan_id = plan_id_of_pause(gate.run)
    return PlanProposed(
        event_id=proposal_id(plan_id),
        plan_id=plan_id,
        proposed_at=now,
        proposer=gate.question.proposer,
        agent=gate.question.agent,
        goal=gate.question.goal,
        steps=gate.question.steps,
        run=gate.run,
    )


def question_from(plan: Any, name: str) -> GateQuestion:
    """Anything with goal, steps, agent and proposer as a question.

    An agent may be a name, steps without ids are numbered s1, s2, …; without an agent it is the graph's name.
    Raises msgspec.ValidationError naming the field.
    """
    if isinstance(plan, GateQuestion):
        return plan
    fields = plan.to_dict() if hasattr(plan, "to_dict") else plan
    if not isinstance(fields, Mapping):
        fields = {key: getattr(plan, key, None) for key in ("goal", "steps", "agent", "proposer")}
    agent = fields.get("agent") or name
    agent = {"name": agent} if isinstance(agent, str) else msgspec.to_builtins(agent)
    return msgspec.convert(
        {
            "goal": fields.get("goal") or "",
            "steps": [_numbered(step, n) for n, step in enumerate(fields.get("steps") or (), 1)],
            "agent": agent,
            "proposer": fields.get("proposer") or agent["name"],
        },
        GateQuestion,
    )


def _numbered(step: Any, number: int) -> dict[str, Any]:
    plain = dict(step) if isinstance(step, Mapping) else msgspec.to_builtins(step)
    return {**plain, "step_id": plain.get("step_id") or f"s{number}"}


def _interrupts(snapshot: Any) -> Iterator[tuple[Any, Any, Any]]:
    """(snapshot, task, interrupt) of what waits for an answer, at the deepest place that knows it.

    A subgraph saves its interrupt before its parent does: where a process died between the two, the thread
    does not wait yet.
    """
    for task in snapshot.tasks:
        inner = list(_interrupts(task.state)) if task.interrupts and hasattr(task.state, "tasks") else []
        yield from inner or ((snapshot, task, interrupt) for interrupt in task.interrupts)


def _dynamic(graph: Any, name: str, snapshot: Any, task: Any, interrupt: Any) -> Pause:
    if not is_question(interrupt.value):
        return Elsewhere(f"node {task.name} waits for an answer that is no plan; ask with gate(plan)")
    try:
        question = question_of(interrupt.value)
    except msgspec.ValidationError as error:
        return Elsewhere(f"node {task.name} asks with a malformed plan: {error}")
    if task.error is not None:
        return Erred(f"node {task.name} raised {_words(task.error)}")
    identity = _identity(graph, name, snapshot, PauseKind.DYNAMIC, interrupt_id=interrupt.id)
    return AtGate(identity, question)


def _static(graph: Any, name: str, snapshot: Any, plan_from_state: PlanFromState | None) -> Pause:
    gated = graph.interrupt_before_nodes
    if gated != "*" and not set(gated) & set(snapshot.next):
        return Unfinished(tuple(snapshot.next))
    nodes = ", ".join(snapshot.next)
    if plan_from_state is None:
        return Elsewhere(f"paused before {nodes}; name plan_from_state for {name!r} in langgraph.json")
    try:
        question = question_from(plan_from_state(snapshot.values), name)
    except Exception as error:  # the user's function may raise anything, and the run must say so
        return Elsewhere(f"plan_from_state gave no plan before {nodes}: {type(error).__name__}: {error}")
    identity = _identity(
        graph,
        name,
        snapshot,
        PauseKind.STATIC,
        task_ids=tuple(task.id for task in snapshot.tasks),
        next_nodes=tuple(snapshot.next),
    )
    return AtGate(identity, question)


def _identity(graph: Any, name: str, snapshot: Any, kind: PauseKind, **where: Any) -> RunIdentity:
    at = snapshot.config["configurable"]
    return RunIdentity(
        graph=name,
        graph_version=graph_version(graph),
        thread_id=at["thread_id"],
        checkpoint_ns=at.get("checkpoint_ns", ""),
        checkpoint_id=at["checkpoint_id"],
        kind=kind,
        **where,
    )


def _words(error: Any) -> str:
    return f"{type(error).__name__}: {error}" if isinstance(error, BaseException) else str(error)
