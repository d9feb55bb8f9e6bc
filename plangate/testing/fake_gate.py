"""A gate that answers at once: a graph runs from its input to its end, with what a test says at each gate."""

import asyncio
import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from langgraph.checkpoint.memory import InMemorySaver
from langgraph.types import Command

from gate_events.digest import plan_digest
from gate_events.ids import plan_id_of_pause
from gate_events.pause import GateAnswer, answer_value
from gate_events.words import GateState, PauseKind
from gate_store import effects_context
from gate_store.configured import GRAPH
from gate_store.gate_calls import GateCalls, gate_calls
from gate_store.pauses import AtGate, Finished, PlanFromState, question_from, read_pause
from plangate.testing.answers import Answer, Answering, approve
from plangate.testing.memory_ledger import Effect, MemoryLedger
from producers.errors import GatePassedError, NotAtAGateError
from producers.plan import Plan
from producers.run_config import AnyGraph


@dataclass(frozen=True)
class Ended:
    """How a run ended.

    `output` is what the graph returned, `plans` what it asked about, `effects` the steps that began, in their
    order. `refused` says what the ledger refused, also where the node caught it.
    """

    output: Any
    plans: tuple[Plan, ...]
    effects: tuple[Effect, ...]
    refused: tuple[str, ...]


@dataclass(frozen=True)
class FakeGate:
    """`FakeGate(approve()).run(graph, {"customers": ["ann"]})`, in a test of the graph.

    `answer` is what is said at every gate, or a function of the plan that says it. A step that failed begins
    again, where its node does it again, only if its action type is `idempotent`. Effects are called for real:
    give the graph's functions something harmless to call. No run is tried again: what a node raises is raised
    here.
    """

    answer: Answering = field(default_factory=approve)
    idempotent: Collection[str] = ()

    def run(self, graph: AnyGraph, input: Any, **how: Any) -> Ended:  # noqa: A002 - LangGraph's own word
        """As `arun`, where no event loop runs."""
        return asyncio.run(self.arun(graph, input, **how))

    async def arun(
        self,
        graph: AnyGraph,
        input: Any,  # noqa: A002 - LangGraph's own word
        *,
        name: str = "graph",
        config: Any = None,
        effects: Mapping[str, Callable[[Any], Any]] | None = None,
        plan_from_state: PlanFromState | None = None,
        apply_edit: Callable[[Any, GateAnswer], Any] | None = None,
    ) -> Ended:
        """Run the compiled graph to its end, on a checkpointer of its own.

        `name`, `effects`, `plan_from_state` and `apply_edit` are what langgraph.json says of the graph.
        Raises what nodes raise; GatePassedError where a node caught its gate's pause; NotAtAGateError where
        the graph stops and asks nobody.
        """
        given = (config or {}).get("configurable", {})
        thread_id = str(given.get("thread_id") or uuid4())
        run = _Run(
            self,
            graph.copy({"checkpointer": InMemorySaver()}),
            {**(config or {}), "configurable": {**given, "thread_id": thread_id, GRAPH: name}},
            name,
            effects or {},
            plan_from_state,
            apply_edit,
        )
        return await run.to_the_end(thread_id, input)


@dataclass(frozen=True)
class _Run:
    gate: FakeGate
    graph: Any
    config: Any
    name: str
    functions: Mapping[str, Callable[[Any], Any]]
    plan_from_state: PlanFromState | None
    apply_edit: Callable[[Any, GateAnswer], Any] | None

    async def to_the_end(self, thread_id: str, given: Any) -> Ended:
        plans: list[Plan] = []
        ledgers: list[MemoryLedger] = []
        while True:
            output, where = await self._invoked(thread_id, given)
            if isinstance(where, Finished):
                break
            plans.append(_plan(where))
            answer = self._answer(where, plans[-1])
            ledgers.append(self._ledger(answer))
            effects_context.current.set(ledgers[-1])
            if where.run.kind is PauseKind.DYNAMIC:
                given = Command(resume={where.run.interrupt_id or "": answer_value(answer)})
            elif answer.state is GateState.APPROVED:
                await self._edit(where, answer)
                given = None
            else:
                break  # a graph that is gated from outside cannot hear a no: it is not run
        effects = tuple(effect for ledger in ledgers for effect in ledger.effects)
        return Ended(output, tuple(plans), effects, tuple(why for each in ledgers for why in each.refused))

    async def _invoked(self, thread_id: str, given: Any) -> tuple[Any, AtGate | Finished]:
        calls = GateCalls()
        gate_calls.set(calls)
        output = await self.graph.ainvoke(given, self.config, durability="sync")
        snapshot = await self.graph.aget_state(self.config, subgraphs=True)
        where = read_pause(self.graph, self.name, snapshot, self.plan_from_state)
        if why := calls.passed(where):
            raise GatePassedError(thread_id, why)
        if not isinstance(where, AtGate | Finished):
            raise NotAtAGateError(thread_id, where)
        return output, where

    def _answer(self, where: AtGate, plan: Plan) -> GateAnswer:
        said: Answer = self.gate.answer(plan) if callable(self.gate.answer) else self.gate.answer
        plan_id = plan_id_of_pause(where.run)
        edited = said.steps is not None
        steps = tuple(step.to_value() for step in said.steps or ()) if edited else where.question.steps
        revision = 2 if edited else 1
        return GateAnswer(
            plan_id=plan_id,
            revision=revision,
            digest=plan_digest(plan_id, revision, steps, where.run),
            state=said.state,
            steps=steps if said.state is GateState.APPROVED else (),
            note=said.note,
            decided_by=said.by,
        )

    def _ledger(self, answer: GateAnswer) -> MemoryLedger:
        idempotent = frozenset(self.gate.idempotent)
        return MemoryLedger(answer.plan_id, answer.steps, self.functions, idempotent, self.name)

    async def _edit(self, where: AtGate, answer: GateAnswer) -> None:
        if answer.steps == where.question.steps:
            return
        if self.apply_edit is None:
            raise ValueError("the plan was edited, and the graph has no way to take an edit: give apply_edit")
        values = (await self.graph.aget_state(self.config)).values
        update = self.apply_edit(values, answer)
        await self.graph.aupdate_state(self.config, await update if inspect.isawaitable(update) else update)
        edited = (await self.graph.aget_state(self.config)).values
        planned = question_from(self.plan_from_state(edited), self.name) if self.plan_from_state else None
        if planned is None or planned.steps != answer.steps:
            raise ValueError("apply_edit did not put the approved steps into the state")


def _plan(where: AtGate) -> Plan:
    asked = where.question
    return Plan(asked.steps, asked.goal, asked.agent, asked.proposer)
