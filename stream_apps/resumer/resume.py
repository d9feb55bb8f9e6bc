"""Resumes one claimed run, from its checks to the act that ends it."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gate_events.digest import plan_digest
from gate_events.pause import expired
from gate_events.records import ApprovalRequested, PlanExecuted
from gate_events.values import Step
from gate_events.words import GateState, OutcomeStatus
from gate_store import effects_context
from gate_store.engine.port import NotClearedError, RunEnd
from gate_store.pauses import AtGate, Elsewhere, Finished, Pause, Unfinished, proposal, read_pause
from stream_apps.resumer.config import ResumerConfig
from stream_apps.resumer.configured import GRAPH_NAME, configured
from stream_apps.resumer.errors import (
    HaltedError,
    InDoubtError,
    LeaseLostError,
    OutdatedRunError,
    RunFailedError,
    RunStoppedError,
)
from stream_apps.resumer.graphs import Loaded
from stream_apps.resumer.ledger import RunLedger
from stream_apps.resumer.opening import (
    Invoke,
    Opening,
    Rejected,
    Stale,
    Wait,
    asked_steps,
    open_run,
    steps_asked,
    subgraph_head,
)
from stream_apps.resumer.outcomes import outbox_row, outcome
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.saver import resuming
from stream_apps.resumer.standing import has_begun
from stream_apps.resumer.words import in_words, plain

log = logging.getLogger(__name__)

_UNMET = "asked again: the catalogue demands more than was given, or it was done already meanwhile"
STRICT_RESUME = "__pregel_strict_resume"  # private to LangGraph: a stale interrupt id is refused


@dataclass(frozen=True)
class Tools:
    """What all runs of a process share."""

    config: ResumerConfig
    saver: Any
    graphs: Mapping[str, Loaded]
    on_overrun: Callable[[], None] = lambda: None


class Resume:
    """One claim of one run. `work` never raises but for cancellation: every end is an act in the store."""

    def __init__(self, run: RunState, tools: Tools) -> None:
        self.run = run
        self._tools = tools
        self._config = tools.config
        self._claimed = run.claimed
        self._proposed: Sequence[Step] = ()
        loaded = tools.graphs.get(run.claimed.graph)
        self._loaded = loaded
        probes, functions = (loaded.probes, loaded.effects) if loaded else ({}, {})
        self.ledger = RunLedger(run, tools.config.traits, probes, functions, tools.config.drain_s)
        self._overran = False
        self._at: dict[str, Any] = {
            "configurable": {
                **configured(run.claimed.head),
                "thread_id": run.claimed.thread_id,
                STRICT_RESUME: True,
                GRAPH_NAME: run.claimed.graph,
            }
        }

    async def work(self) -> None:
        """Resume the run and end this claim of it."""
        resuming.set(self.run)
        try:
            await self._work()
        except asyncio.CancelledError:
            if not self.run.halting or not self.ledger.has_begun_for_good():
                raise
            await self._end_after(HaltedError(self._claimed.thread_id, "the worker stopped"))

    async def _work(self) -> None:
        try:
            await self._attempt()
        except LeaseLostError as lost:
            log.warning("%s", lost)
        except Exception as error:  # whatever a graph raises ends as a state of its run
            if not isinstance(self.run.stopped or error, LeaseLostError):
                self.run.closing = True
                await self.ledger.calls_back(idempotent_only=self._overran)
            await self._end_after(error)

    def may_be_given_back(self) -> bool:
        """Whether nothing that this claim began is without a result in the store."""
        run = self.run
        return not (run.has_ended or run.has_unwritten_results or self.ledger.begun)

    async def _attempt(self) -> None:
        if await self._is_asked_first():
            return
        if self._claimed.attempts > self._config.claims:
            raise RunFailedError(
                f"given up: {self._claimed.attempts - 1} workers began it and did not end it"
            )
        if self._loaded is None:
            await self._stale(self._unknown())
            return
        if self._claimed.answer.state is not GateState.APPROVED:
            self._proposed = await steps_asked(self.run, self._tools.saver) or ()
        await self._go_on(self._loaded, await open_run(self.run, self._loaded, self._tools.saver, self._at))

    async def _is_asked_first(self) -> bool:
        """Whether the run went back to its gate: what the gate gave is not enough, or too old."""
        if self._claimed.answer.state is not GateState.APPROVED:
            return False
        now, begun = self._store_now(), await self._has_begun()
        if not begun and (request := await self._config.unmet(self._claimed, now)):
            await self._pause_again(request, _UNMET)
            return True
        if self._is_too_old(now, begun=begun):
            await self._ask_again()
            return True
        return False

    def _is_too_old(self, now: datetime, *, begun: bool) -> bool:
        """Past its use-by, and neither begun in time nor without a step that is still to be done."""
        if not expired(self._claimed.use_by, now):
            return False
        return not begun or (expired(self._claimed.begun_until, now) and self.ledger.has_steps_left())

    async def _go_on(self, loaded: Loaded, opening: Opening) -> None:
        match opening:
            case Stale():
                await self._stale(opening.why)
            case Rejected():
                self._proposed = opening.steps
                await self._end("DONE", self._no())
            case Invoke():
                await self._invoke(loaded, opening.given)
                self.run.check()
                await self._settle(await self._where(loaded))
            case Wait():
                await self._settle(await self._where(loaded))

    async def _stale(self, why: str) -> None:
        await self._refuse_doubt()
        await self._end("STALE", why)

    def _unknown(self) -> str:
        known = ", ".join(sorted(self._tools.graphs)) or "none"
        return plain(
            f"graph {self._claimed.graph!r} is not in langgraph.json here (there: {known});"
            " put it back and submit the input again"
        )

    async def _invoke(self, loaded: Loaded, given: Any) -> None:
        effects_context.current.set(self.ledger)
        limit = self._config.run_timeout_s
        try:
            async with self.run.limit.of(limit) as timer:
                await loaded.graph.ainvoke(given, self._at, durability="async")
        except TimeoutError as error:
            if timer.expired():
                self._overran = True
                self._tools.on_overrun()
                raise TimeoutError(f"it ran longer than {limit:g} s") from error
            raise
        except (SystemExit, KeyboardInterrupt) as error:  # a node ends its run, not everybody's process
            raise RuntimeError(f"a node raised {error!r}") from error

    async def _where(self, loaded: Loaded) -> Pause:
        """Without an interrupt since the claim, a graph that returned is done: no need to read its state."""
        graph = loaded.graph
        if not (self.run.interrupted or graph.interrupt_before_nodes or graph.interrupt_after_nodes):
            return Finished()
        snapshot = await graph.aget_state(self._at, subgraphs=True)
        return read_pause(graph, loaded.name, snapshot, loaded.plan_from_state)

    async def _settle(self, where: Pause) -> None:
        await self._refuse_doubt()
        match where:
            case Finished():
                await self._end("DONE", "; ".join(self.ledger.refused))
            case AtGate() if where.run == self._claimed.pause:
                raise RunFailedError("the graph asked the same question again after its answer")
            case AtGate():
                await self._pause(where)
            case Elsewhere():
                raise RunFailedError(where.why)
            case Unfinished():
                raise RunFailedError(f"the graph stopped before {', '.join(where.next_nodes)}, at no gate")
            case _:
                raise RunFailedError(where.error)

    async def _pause(self, gate: AtGate) -> None:
        """At the next gate: this plan is over, the next one is proposed, in one act."""
        plan = proposal(gate, self._config.clock())
        asked = plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)
        end = RunEnd("PAUSED", pause=gate.run, plan_id=plan.plan_id, asked_digest=asked)
        await self.run.end(end, [outbox_row(self._outcome(self._status())), outbox_row(plan)])

    async def _ask_again(self) -> None:
        request = await self._config.ask_again(self._claimed, self._config.clock())
        await self._pause_again(request, "past its use-by")

    async def _pause_again(self, request: ApprovalRequested, why: str) -> None:
        end = RunEnd("PAUSED", why, pause=self._claimed.pause, plan_id=self._claimed.plan_id)
        await self.run.end(end, [outbox_row(request)])

    async def _end_after(self, error: Exception) -> None:
        """The stop that the run carries counts more than what its node made of it."""
        cause = self.run.stopped or error
        try:
            await self._failed(cause)
        except LeaseLostError as lost:
            log.warning("%s", lost)
        except Exception:  # the store refused the end; the lease runs out and another claim decides
            log.exception("run %s could not be ended", self._claimed.thread_id)

    async def _failed(self, error: Exception) -> None:
        begun = self.ledger.begun_step()
        if isinstance(error, LeaseLostError):
            log.warning("%s", error)
        elif isinstance(error, InDoubtError):
            await self._in_doubt(error.step, error.known, error)
        elif begun and (not isinstance(error, HaltedError) or self.ledger.has_begun_for_good()):
            await self._in_doubt(begun, _under_way(error), error)
        elif isinstance(error, OutdatedRunError) or await self._will_be_outdated(error):
            if not (self.run.has_written or await self._has_begun()):
                self.run.forget()  # the thread stays at its gate, and hears whatever is answered
            await self._ask_again()
        elif isinstance(error, HaltedError):
            await self.run.write()  # the worker gives it back when it stops, unless a call is out
        elif self._may_try_again(error):
            await self._try_again(error)
        elif step := self.ledger.open_step():
            known = f"it was begun before, then the run failed: {in_words(error)}"
            await self._in_doubt(step, known, error)
        else:
            await self._end("FAILED", in_words(error), status=OutcomeStatus.FAILED)

    async def _will_be_outdated(self, error: Exception) -> bool:
        """Whether nothing was done yet, and the approval will be too old when it could be tried again."""
        if not self._may_try_again(error) or not expired(self._claimed.use_by, self._next_try()):
            return False
        return not (self.run.has_written or await self._has_begun())

    async def _has_begun(self) -> bool:
        """Whether an earlier claim got on, also inside of a subgraph."""
        return has_begun(self._claimed, await subgraph_head(self.run, self._tools.saver))

    def _store_now(self) -> datetime:
        return self.run.store_now(self._config.clock())

    async def _refuse_doubt(self) -> None:
        """However a run ends: an effect that was begun and never told how it ended comes first."""
        self.run.closing = True
        await self.ledger.calls_back()
        if step := self.ledger.open_step():
            raise InDoubtError(
                self._claimed.thread_id, step, "it was begun, and the graph went on without it"
            )

    def _may_try_again(self, error: Exception) -> bool:
        if isinstance(error, RunFailedError | NotClearedError | RunStoppedError):
            return False
        return error not in self.ledger.final and self._claimed.attempts < self._config.attempts

    def _next_try(self) -> datetime:
        wait = self._config.backoff_s * 2 ** max(self._claimed.attempts - 1, 0)
        return self._store_now() + timedelta(seconds=wait)

    async def _try_again(self, error: Exception) -> None:
        log.warning(
            "run %s: attempt %d: %s", self._claimed.thread_id, self._claimed.attempts, in_words(error)
        )
        await self.run.end(RunEnd("READY", in_words(error), not_before=self._next_try()))

    async def _in_doubt(self, step: Step, known: str, error: Exception) -> None:
        request = await self._config.ask_in_doubt(self._claimed, step, known, self._config.clock())
        if not self.ledger.is_open(step):  # its call returned meanwhile
            await (self._try_again if isinstance(error, InDoubtError) else self._failed)(error)
            return
        self.ledger.note_in_doubt(step, known, request.request_id)
        await self.run.end(RunEnd("IN_DOUBT", known), [outbox_row(request)])

    async def _end(self, state: str, why: str, status: OutcomeStatus | None = None) -> None:
        await self.run.end(RunEnd(state, why), [outbox_row(self._outcome(status or self._status(state)))])

    def _status(self, state: str = "DONE") -> OutcomeStatus:
        """DONE where every step succeeded; NOT_RUN where none was begun; else FAILED."""
        rows = [self.ledger.rows.get(step.step_id) for step in self._steps()]
        approved = self._claimed.answer.state is GateState.APPROVED
        if state == "DONE" and approved and all(row and row.state == "SUCCEEDED" for row in rows):
            return OutcomeStatus.DONE
        return OutcomeStatus.FAILED if any(rows) else OutcomeStatus.NOT_RUN

    def _outcome(self, status: OutcomeStatus) -> PlanExecuted:
        return outcome(
            self._claimed, self._steps(), self.ledger.rows, status, self._config.worker, self._config.clock()
        )

    def _steps(self) -> Sequence[Step]:
        """The approved steps; of a plan that was not approved, the proposed ones."""
        claimed = self._claimed
        if not claimed.answer.steps and claimed.answer.revision > 1:
            return ()  # of what an edit made of the plan, which was not approved, nothing is known here
        asked = claimed.answer.steps or self._proposed
        return asked or asked_steps(claimed.head, claimed.pause.interrupt_id) or ()

    def _no(self) -> str:
        answer = self._claimed.answer
        return f"{answer.state.value.lower()} by {answer.decided_by}: {answer.note}".rstrip(": ")


def _under_way(error: Exception) -> str:
    if isinstance(error, HaltedError):
        return "the worker stopped while it was under way, and it may happen yet"
    return f"it was begun, then the run failed, and it may happen yet: {in_words(error)}"
