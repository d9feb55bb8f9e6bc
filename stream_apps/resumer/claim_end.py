"""How one claim of a run ends: done, at its next gate, asked again, tried again, in doubt or failed."""

import logging
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from gate_events.digest import plan_digest
from gate_events.pause import expired
from gate_events.records import ApprovalRequested, PlanExecuted
from gate_events.shown import shown
from gate_events.values import Step
from gate_events.verdict_words import message_on
from gate_events.words import GateState, OutcomeStatus
from gate_store.engine.port import ClaimedRun, EffectRow, NotClearedError, RunEnd
from gate_store.half_done import about_the_rest
from gate_store.pauses import AtGate, proposal
from gate_store.unguarded import CutOff
from stream_apps.resumer.config import ResumerConfig
from stream_apps.resumer.earlier import Earlier
from stream_apps.resumer.errors import (
    CutOffError,
    HaltedError,
    HeldError,
    InDoubtError,
    LeaseLostError,
    OutdatedRunError,
    OverranError,
    RunFailedError,
    RunStoppedError,
)
from stream_apps.resumer.ledger import RunLedger
from stream_apps.resumer.opening import asked_steps, has_gone_on
from stream_apps.resumer.outcomes import outbox_row, outcome
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.words import plain

UNGUARDED = "unguarded: its graph went on without the ledger, so what it did of the plan is not known"
ACTS_UNGUARDED = (
    "its graph carries out its actions without the ledger, so nobody knows which of the plan's steps happened"
)
_WITHOUT_IT = "it was begun, and the graph went on without it"

GiveBack = Callable[[ClaimedRun], Awaitable[None]]
"""Makes a run READY again, as if it had not been claimed. Raises FenceLostError."""

log = logging.getLogger(__name__)


class ClaimEnd:
    """Every end is one act in the store: the run's next state, and what Kafka must hear of it."""

    def __init__(
        self,
        run: RunState,
        ledger: RunLedger,
        config: ResumerConfig,
        saver: Any,
        give_back: GiveBack,
        *,
        is_guarded: bool,
    ) -> None:
        """`is_guarded`: all that its graph does goes through the ledger, says its author."""
        self._give_back = give_back
        self.proposed: Sequence[Step] = ()  # of a plan that was not approved, as far as they are known
        self.is_invoked = False  # the graph was given its input since the claim
        self._run = run
        self._claimed = run.claimed
        self._ledger = ledger
        self._states = ledger.states
        self._failures = ledger.states.failures
        self._config = config
        self._saver = saver
        self._is_guarded = is_guarded
        self._ids = {"thread_id": run.claimed.thread_id}  # as fields of a log line

    async def done(self) -> None:
        """The graph came to its end. Raises InDoubtError where a step did not."""
        await self._end("DONE", "; ".join(self._states.refused) or self._unguarded("DONE"))

    async def not_run(self, steps: Sequence[Step]) -> None:
        """A graph that has no way to hear its rejection is over."""
        self.proposed = steps
        answer = self._claimed.answer
        again = bool(self._states.rows)
        await self._end("DONE", message_on(answer.state, answer.decided_by, answer.note, again=again))

    def may_have_acted(self) -> bool:
        """Whether the graph did, since the claim, what the ledger knows nothing of."""
        return self.is_invoked and self.is_unguarded()

    def is_unguarded(self) -> bool:
        """Whether an approved plan was carried out past the ledger, or not at all."""
        return not self._is_guarded and self._states.is_unguarded()

    async def answered(self, said: EffectRow) -> None:
        """A human said what became of the whole plan: nothing of it is run any more."""
        await self._end("DONE" if said.state == "SUCCEEDED" else "FAILED", said.detail)

    async def stale(self, why: str) -> None:
        """The thread is no longer where it was approved, or its graph is not here."""
        await self.refuse_doubt()
        await self._end("STALE", why)

    async def refuse_doubt(self) -> None:
        """However a run ends: an effect that was begun and never told how it ended comes first."""
        self._run.closing = True
        await self._ledger.calls_back()
        if step := self._states.open_step():
            row = self._states.rows.get(step.step_id)
            known = row.detail if row and row.may_be_lost else _WITHOUT_IT
            raise InDoubtError(self._claimed.thread_id, step, known)

    async def paused(self, gate: AtGate) -> None:
        """At the next gate: this plan is over, the next one is proposed, in one act."""
        plan = proposal(gate, self._config.clock())
        asked = plan_digest(plan.plan_id, plan.revision, plan.steps, plan.run)
        end = RunEnd("PAUSED", pause=gate.run, plan_id=plan.plan_id, asked_digest=asked)
        await self._run.end(end, [outbox_row(await self._outcome("DONE")), outbox_row(plan)])

    async def ask_again(self) -> None:
        """Back to its gate: what was approved is too old."""
        request = await self._config.ask_again(self._claimed, self._config.clock())
        if await self._has_gone_on():
            request = about_the_rest(request)
        await self.pause_again(request, "past its use-by")

    async def pause_again(self, request: ApprovalRequested, why: str) -> None:
        """Back to its gate with this question."""
        end = RunEnd("PAUSED", why, pause=self._claimed.pause, plan_id=self._claimed.plan_id)
        await self._run.end(end, [outbox_row(request)])

    async def after(self, error: Exception) -> None:
        """The stop that the run carries counts more than what its node made of it."""
        cause = self._run.stopped or error
        if self.may_have_acted() and not isinstance(cause, LeaseLostError | RunFailedError):
            cause = CutOffError(self._claimed.thread_id, self._cut_off_by(cause))
        if not isinstance(error, RunStoppedError) and self._run.stopped is None:
            self._failures.say(error)
        try:
            await self._failed(cause)
        except LeaseLostError as lost:
            log.warning("%s", lost, extra=self._ids)
        except Exception:  # the store refused the end; the lease runs out and another claim decides
            log.exception("run %s could not be ended", self._claimed.thread_id, extra=self._ids)

    async def _failed(self, error: Exception) -> None:
        begun = self._states.begun_step()
        if isinstance(error, LeaseLostError):
            log.warning("%s", error, extra=self._ids)
        elif isinstance(error, CutOffError):
            await self._plan_in_doubt(error)
        elif isinstance(error, InDoubtError):
            await self._in_doubt(error.step, error.known, error)
        elif begun and (not isinstance(error, HaltedError) or self._states.has_begun_for_good()):
            await self._in_doubt(begun, self._under_way(error), error)
        elif isinstance(error, OutdatedRunError) or await self._will_be_outdated(error):
            if not await self._has_gone_on():
                self._run.forget()  # the thread stays at its gate, and hears whatever is answered
            await self.ask_again()
        elif isinstance(error, HeldError) and not begun:
            log.warning("%s", error)
            await self._run.end_by(partial(self._give_back, self._claimed))
        elif isinstance(error, HaltedError):
            await self._run.write()  # the worker gives it back when it stops, unless a call is out
        elif self._may_try_again(error):
            await self._try_again(error)
        elif step := self._states.open_step():
            known = f"it was begun before, then the run failed: {self._failures.words(error)}"
            await self._in_doubt(step, known, error)
        else:
            self._failures.say(error)
            why = self._failures.words(error)
            log.warning("run %s FAILED: %s", shown(self._claimed.thread_id), shown(why), extra=self._ids)
            await self._end("FAILED", why)

    async def _will_be_outdated(self, error: Exception) -> bool:
        """Whether nothing was done yet, and the approval will be too old when it could be tried again."""
        if not self._may_try_again(error) or not expired(self._claimed.use_by, self._next_try()):
            return False
        return not await self._has_gone_on()

    async def _has_gone_on(self) -> bool:
        """Whether the graph got on with this answer, in this claim or in one before."""
        return self._run.has_written or await has_gone_on(self._run, self._saver)

    def _may_try_again(self, error: Exception) -> bool:
        if isinstance(error, RunFailedError | NotClearedError | RunStoppedError):
            return False
        return error not in self._states.final and self._claimed.attempts < self._config.attempts

    def _next_try(self) -> datetime:
        wait = self._config.backoff_s * 2 ** max(self._claimed.attempts - 1, 0)
        return self._run.store_now(self._config.clock()) + timedelta(seconds=wait)

    async def _try_again(self, error: Exception) -> None:
        why = self._failures.words(error)
        again = "run %s: attempt %d is followed by another: %s"
        thread_id = shown(self._claimed.thread_id)
        log.warning(again, thread_id, self._claimed.attempts, shown(why), extra=self._ids)
        await self._run.end(RunEnd("READY", why, not_before=self._next_try()))

    async def _in_doubt(self, step: Step, known: str, error: Exception) -> None:
        request = await self._config.ask_in_doubt(self._claimed, step, known, self._config.clock())
        if not self._states.is_open(step):  # its call returned meanwhile
            await (self._try_again if isinstance(error, InDoubtError) else self._failed)(error)
            return
        self._states.in_doubt(step, known, request.request_id)
        await self._run.end(RunEnd("IN_DOUBT", known), [outbox_row(request)])

    async def _plan_in_doubt(self, error: CutOffError) -> None:
        claimed, config = self._claimed, self._config
        cut = CutOff(
            claimed.thread_id,
            claimed.token,
            config.worker,
            claimed.plan_id,
            claimed.answer.digest,
            self._ledger.intents(),
            plain(f"{error.why}; {ACTS_UNGUARDED}"),
        )
        await self._run.end_by(partial(config.doubt_plan, cut, self._run.store_now(config.clock())))

    async def _end(self, state: str, why: str) -> None:
        await self._run.end(RunEnd(state, why), [outbox_row(await self._outcome(state))])

    async def _outcome(self, state: str) -> PlanExecuted:
        """What became of the plan that was answered, by the ledger; `state` is how the run ends."""
        claimed, config, states = self._claimed, self._config, self._states
        known: Earlier | None = Earlier(claimed.answer.steps, states.known())
        if claimed.answer.state is not GateState.APPROVED:
            known = await config.earlier(claimed)
        untold = self._unguarded(state)
        status = OutcomeStatus.FAILED if untold else _status(state, known)
        known = known or Earlier(self._never_approved(), {})
        return outcome(claimed, known.steps, known.effects, status, config.worker, config.clock(), untold)

    def _unguarded(self, state: str) -> str:
        """What is to be said of its steps where the graph went on, in this claim or in one before."""
        has_gone_on = state == "DONE" or self.is_invoked or self._states.rows
        return UNGUARDED if has_gone_on and self.is_unguarded() else ""

    def _cut_off_by(self, error: Exception) -> str:
        if isinstance(error, HaltedError | OverranError):
            return self._under_way(error)
        return f"the graph was resumed, then it failed: {self._failures.words(error)}"

    def _under_way(self, error: Exception) -> str:
        if isinstance(error, HaltedError):
            return "the worker stopped while it was under way, and it may happen yet"
        return f"it was begun, then the run failed, and it may happen yet: {self._failures.words(error)}"

    def _never_approved(self) -> Sequence[Step]:
        """The steps that the run asked about, as far as they are known."""
        claimed = self._claimed
        if claimed.answer.revision > 1:
            return ()  # of what an edit made of them nothing is known here
        return self.proposed or asked_steps(claimed.head, claimed.pause.interrupt_id) or ()


def _status(state: str, known: Earlier | None) -> OutcomeStatus:
    """DONE where every step succeeded; NOT_RUN where nothing may have run or none was begun; else FAILED."""
    if known is None:
        return OutcomeStatus.NOT_RUN
    rows = [known.effects.get(step.step_id) for step in known.steps]
    if state == "DONE" and all(row and row.state == "SUCCEEDED" for row in rows):
        return OutcomeStatus.DONE
    return OutcomeStatus.FAILED if any(rows) or state == "FAILED" else OutcomeStatus.NOT_RUN
