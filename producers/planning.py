"""One thread while its agent plans: under our lease, on the store's checkpointer, until its gate."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from opentelemetry.trace import get_current_span
from sqlalchemy import Engine

from gate_events.trace_context import caused_by
from gate_events.tracing import PLAN_ID, current_traceparent
from gate_store.database import Clock
from gate_store.engine.port import FenceLostError
from gate_store.gate_calls import GateCalls, gate_calls
from gate_store.pauses import AtGate, Elsewhere, Finished, Pause, PlanFromState, proposal, read_pause
from gate_store.runs import end_run, pause_run, renew_run
from gate_store.savers.serde import NotRestoredError
from producers.errors import GatePassedError, NotAtAGateError
from producers.heartbeat import heartbeat
from producers.run_config import AnyGraph

T = TypeVar("T")

INTERRUPT = "__interrupt__"  # LangGraph's key for what asks, in what a graph returned


@dataclass(frozen=True)
class Submitted:
    """Where a submitted run stands: its plan waits (`plan_id`), or the graph ended without asking.

    `output` is what the graph returned, where it has finished.
    """

    thread_id: str
    plan_id: UUID | None
    finished: bool
    output: Any = None


async def in_store(store: Engine, function: Callable[..., T], *arguments: Any) -> T:
    """Call a function of a connection inside a transaction, without stopping the event loop."""

    def transaction() -> T:
        with store.begin() as conn:
            return function(conn, *arguments)

    return await asyncio.to_thread(transaction)


@dataclass(frozen=True)
class Planning:
    """A graph on its way to the gate. `graph` runs on the store's fenced checkpointer."""

    store: Engine
    graph: AnyGraph
    name: str
    thread_id: str
    token: int
    config: Any
    plan_from_state: PlanFromState | None
    lease_s: float
    now: Clock

    async def until_gate(self, input: Any) -> Submitted:  # noqa: A002 - LangGraph's own word
        """Run, and leave the run PAUSED with its plan on the way, DONE or FAILED. Raises what nodes raise."""
        lost = FenceLostError(self.thread_id, self.token)
        try:
            async with heartbeat(self._renew, self.lease_s / 3, lost):
                return await self._run(input)
        except FenceLostError:
            raise
        except Exception as error:
            await self._end("FAILED", f"{type(error).__name__}: {error}")
            raise

    async def _run(self, input: Any) -> Submitted:  # noqa: A002 - LangGraph's own word
        output: Any = None
        where = await self._where()  # a process before us may have died between the gate and its publication
        if not isinstance(where, AtGate):
            calls = GateCalls()
            output = await self._invoked(input, calls)
            where = await self._where(output)
            if why := calls.passed(where):
                raise GatePassedError(self.thread_id, why)
        if isinstance(where, AtGate):
            return await self._pause(where)
        if isinstance(where, Finished):
            await self._end("DONE")
            return Submitted(self.thread_id, None, finished=True, output=output)
        raise NotAtAGateError(self.thread_id, where)

    async def _invoked(self, input: Any, calls: GateCalls) -> Any:  # noqa: A002 - LangGraph's own word
        gate_calls.set(calls)
        try:
            return await self.graph.ainvoke(input, self.config, durability="sync")
        except Exception as error:
            why = await calls.passed_before(self.graph, self.config)
            if why:
                raise GatePassedError(self.thread_id, why) from error
            raise

    async def _where(self, output: Any = None) -> Pause:
        """A state that would not come back as it is matters only where the graph has not ended."""
        try:
            snapshot = await self.graph.aget_state(self.config, subgraphs=True)
        except NotRestoredError as error:
            return Elsewhere(str(error)) if self._may_wait(output) else Finished()
        return read_pause(self.graph, self.name, snapshot, self.plan_from_state)

    def _may_wait(self, output: Any) -> bool:
        asks = output is None or (isinstance(output, dict) and INTERRUPT in output)
        return bool(asks or self.graph.interrupt_before_nodes or self.graph.interrupt_after_nodes)

    async def _pause(self, gate: AtGate) -> Submitted:
        now = self.now()
        plan = proposal(gate, now)
        get_current_span().set_attribute(PLAN_ID, str(plan.plan_id))
        trace = current_traceparent()
        with caused_by({plan.plan_id: trace} if trace else {}):
            await in_store(self.store, pause_run, self.thread_id, self.token, gate.run, plan, now)
        return Submitted(self.thread_id, plan.plan_id, finished=False)

    async def _end(self, status: str, error: str = "") -> None:
        await in_store(self.store, end_run, self.thread_id, self.token, status, self.now(), error)

    async def _renew(self) -> bool:
        return await in_store(self.store, renew_run, self.thread_id, self.token, self.lease_s, self.now())
