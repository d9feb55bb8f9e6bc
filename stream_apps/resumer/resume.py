"""Resumes one claimed run: its checks, its graph, and where the graph came to stand."""

import asyncio
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from opentelemetry.trace import Span

from gate_events.pause import expired
from gate_events.tracing import fail
from gate_events.words import GateState
from gate_store import effects_context
from gate_store.configured import GRAPH, configured
from gate_store.gate_calls import GateCalls, gate_calls
from gate_store.pauses import AtGate, Elsewhere, Finished, Pause, Unfinished, read_pause
from gate_store.savers.serde import NotRestoredError
from stream_apps.resumer.claim_end import ClaimEnd, GiveBack
from stream_apps.resumer.config import ResumerConfig
from stream_apps.resumer.errors import (
    CutOffError,
    GatePassedError,
    HaltedError,
    LeaseLostError,
    OverranError,
    RunFailedError,
)
from stream_apps.resumer.graphs import Loaded
from stream_apps.resumer.ledger import RunLedger
from stream_apps.resumer.opening import (
    Invoke,
    Opening,
    Rejected,
    Stale,
    Wait,
    has_gone_on,
    open_run,
    steps_asked,
)
from stream_apps.resumer.run_events import RunEvents
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.saver import resuming
from stream_apps.resumer.spans import resume_span
from stream_apps.resumer.words import plain

log = logging.getLogger(__name__)

_UNMET = "asked again: the catalogue demands more than was given, or it was done already meanwhile"
_DIED = "the worker that resumed its run did not say how that ended, and may be at it still"
STRICT_RESUME = "__pregel_strict_resume"  # private to LangGraph: a stale interrupt id is refused


@dataclass(frozen=True)
class Tools:
    """What all runs of a process share."""

    config: ResumerConfig
    saver: Any
    graphs: Mapping[str, Loaded]
    give_back: GiveBack
    on_overrun: Callable[[], None] = lambda: None


class Resume:
    """One claim of one run. `work` never raises but for cancellation: every end is an act in the store."""

    def __init__(self, run: RunState, tools: Tools) -> None:
        self.run = run
        self._tools = tools
        self._config = tools.config
        self._claimed = run.claimed
        loaded = tools.graphs.get(run.claimed.graph)
        self._loaded = loaded
        probes, functions = (loaded.probes, loaded.effects) if loaded else ({}, {})
        config = tools.config
        again = partial(config.begun_again, run.claimed)
        self._ledger = RunLedger(
            run, config.traits, probes, functions, config.drain_s, again, config.tracer, config.stop_file
        )
        self._states = self._ledger.states
        is_guarded = loaded is not None and loaded.is_guarded
        self._end = ClaimEnd(
            run, self._ledger, tools.config, tools.saver, tools.give_back, is_guarded=is_guarded
        )
        self._overran = False
        head = run.claimed.head
        self._at: dict[str, Any] = {
            "configurable": {
                **configured(head.metadata or {} if head else {}),
                "thread_id": run.claimed.thread_id,
                STRICT_RESUME: True,
                GRAPH: run.claimed.graph,
            }
        }

    async def work(self) -> None:
        """Resume the run and end this claim of it."""
        resuming.set(self.run)
        with resume_span(self._config.tracer, self._claimed) as span:
            await self._traced(span)

    async def _traced(self, span: Span) -> None:
        try:
            await self._work(span)
        except asyncio.CancelledError:
            may_happen = self._states.has_begun_for_good() or self._end.may_have_acted()
            if not (self.run.halting and may_happen):
                raise
            await self._end.after(HaltedError(self._claimed.thread_id, "the worker stopped"))

    async def _work(self, span: Span) -> None:
        try:
            await self._attempt()
        except LeaseLostError as lost:
            log.warning("%s", lost, extra={"thread_id": self.run.claimed.thread_id})
            fail(span, type(lost).__name__)
        except Exception as error:  # whatever a graph raises ends as a state of its run
            fail(span, type(self.run.stopped or error).__name__)
            if not isinstance(self.run.stopped or error, LeaseLostError):
                self.run.closing = True
                await self._ledger.calls_back(idempotent_only=self._overran)
            await self._end.after(error)

    def has_call_out(self) -> bool:
        """Whether this claim began an effect that has no result yet."""
        return bool(self._states.begun)

    def may_be_given_back(self) -> bool:
        """Whether nothing that this claim began is without a result in the store."""
        run = self.run
        unknown = self.has_call_out() or self._end.may_have_acted()
        return not (run.has_ended or run.has_unwritten_results or unknown)

    async def _attempt(self) -> None:
        if said := self._states.answered():
            await self._end.answered(said)
            return
        cut_off_by = self._states.lost_words() or (_DIED if self._claimed.alone else "")
        if cut_off_by and self._end.is_unguarded():
            raise CutOffError(self._claimed.thread_id, cut_off_by)
        if await self._is_asked_first():
            return
        if self._claimed.attempts > self._config.claims:
            raise RunFailedError(
                f"given up: {self._claimed.attempts - 1} workers began it and did not end it"
            )
        if self._loaded is None:
            await self._end.stale(self._unknown())
            return
        if self._claimed.answer.state is not GateState.APPROVED:
            self._end.proposed = await steps_asked(self.run, self._tools.saver) or ()
        await self._go_on(self._loaded, await open_run(self.run, self._loaded, self._tools.saver, self._at))

    async def _is_asked_first(self) -> bool:
        """Whether the run went back to its gate: what the gate gave is not enough, or too old."""
        if self._claimed.answer.state is not GateState.APPROVED:
            return False
        now = self.run.store_now(self._config.clock())
        begun = await has_gone_on(self.run, self._tools.saver)
        if not begun and (request := await self._config.unmet(self._claimed, now)):
            await self._end.pause_again(request, _UNMET)
            return True
        if self._is_too_old(now, begun=begun):
            await self._end.ask_again()
            return True
        return False

    def _is_too_old(self, now: datetime, *, begun: bool) -> bool:
        """Past its use-by, and neither begun in time nor without a step that is still to be done."""
        if not expired(self._claimed.use_by, now):
            return False
        return not begun or (expired(self._claimed.begun_until, now) and self._states.has_steps_left())

    async def _go_on(self, loaded: Loaded, opening: Opening) -> None:
        match opening:
            case Stale():
                await self._end.stale(opening.why)
            case Rejected():
                await self._end.not_run(opening.steps)
            case Invoke():
                calls = GateCalls()
                await self._invoke(loaded, opening.given, calls)
                self.run.check()
                where = await self._where(loaded)
                if why := calls.passed(where):
                    raise RunFailedError(why)
                await self._settle(where)
            case Wait():
                await self._settle(await self._where(loaded))

    def _unknown(self) -> str:
        known = ", ".join(sorted(self._tools.graphs)) or "none"
        return plain(
            f"graph {self._claimed.graph!r} is not in langgraph.json here (there: {known});"
            " put it back and submit the input again"
        )

    async def _invoke(self, loaded: Loaded, given: Any, calls: GateCalls) -> None:
        effects_context.current.set(self._ledger)
        gate_calls.set(calls)
        self._end.is_invoked = True
        limit = self._config.run_timeout_s
        try:
            async with self.run.limit.of(limit) as timer:
                await self._stream(loaded.graph, given)
        except TimeoutError as error:
            if timer.expired():
                self._overran = True
                self._tools.on_overrun()
                raise OverranError(limit) from error
            raise
        except (SystemExit, KeyboardInterrupt) as error:  # a node ends its run, not everybody's process
            raise RuntimeError(f"a node raised {error!r}") from error
        except Exception as error:
            why = await calls.passed_before(loaded.graph, self._at)
            if why and self.run.stopped is None:
                raise self._states.for_good(GatePassedError(why)) from error
            raise

    async def _stream(self, graph: Any, given: Any) -> None:
        """Run the graph, and write down what its nodes say meanwhile."""
        events = RunEvents(self._claimed, self._config.note_events)
        streamed = graph.astream(given, self._at, stream_mode="custom", subgraphs=True, durability="async")
        try:
            async for _, event in streamed:
                events.say(event)
        except Exception:
            await events.written()
            raise
        await events.written()

    async def _where(self, loaded: Loaded) -> Pause:
        """Without an interrupt since the claim, a graph that returned is done: no need to read its state."""
        graph = loaded.graph
        if not (self.run.interrupted or graph.interrupt_before_nodes or graph.interrupt_after_nodes):
            return Finished()
        snapshot = await graph.aget_state(self._at, subgraphs=True)
        where = read_pause(graph, loaded.name, snapshot, loaded.plan_from_state)
        try:
            if isinstance(where, AtGate):
                self._tools.saver.try_restoring(self.run)
        except NotRestoredError as error:
            return Elsewhere(str(error))
        return where

    async def _settle(self, where: Pause) -> None:
        await self._end.refuse_doubt()
        match where:
            case Finished():
                await self._end.done()
            case AtGate() if where.run == self._claimed.pause:
                raise RunFailedError("the graph asked the same question again after its answer")
            case AtGate():
                await self._end.paused(where)
            case Elsewhere():
                raise RunFailedError(where.why)
            case Unfinished():
                raise RunFailedError(f"the graph stopped before {', '.join(where.next_nodes)}, at no gate")
            case _:
                raise RunFailedError(where.error)
