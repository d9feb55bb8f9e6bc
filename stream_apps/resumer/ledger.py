"""The effect ledger of one run: each approved step once, or a human is asked.

The intent is durable before the effect begins. Its result rides with the next intent, the last one with the
end of the run.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any
from uuid import UUID

from gate_events.digest import step_digest
from gate_events.errors import UnencodableError
from gate_events.ids import effect_key
from gate_events.json_text import kept_result
from gate_events.values import Step
from gate_events.words import GateState
from gate_store.declared_effects import Declared, UndeclaredEffectError
from gate_store.effects_context import QuestionInEffectError
from gate_store.engine.port import EffectRow, Intent, NotClearedError, OutdatedError, Result
from stream_apps.resumer.calling import Probe, asked, awaited, refuse_event_loop, without_questions
from stream_apps.resumer.calls import calls
from stream_apps.resumer.config import ActionTraits
from stream_apps.resumer.errors import (
    EffectFailedError,
    HaltedError,
    InDoubtError,
    OutdatedRunError,
    StillOutError,
)
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.words import in_words, plain

log = logging.getLogger(__name__)

NO_FUNCTION = "langgraph.json names no function for it; name it under plangate.{graph}.effects, or use once()"


@dataclass(frozen=True)
class _Done:
    """The effect happened in an earlier attempt."""

    value: Any


class RunLedger:
    """Implements EffectLedger. Refuses everything once the run is stopped, whatever the node catches."""

    def __init__(
        self,
        run: RunState,
        traits: Callable[[str], ActionTraits],
        probes: Mapping[str, Probe],
        functions: Mapping[str, Callable[[Any], Any]],
        patience_s: float,
    ) -> None:
        """`patience_s`: how long a call that is out already is waited for."""
        claimed = run.claimed
        self._run = run
        self._traits = traits
        self._probes = probes
        self._functions = functions
        self._patience_s = patience_s
        self._plan_id = claimed.plan_id
        approved = claimed.answer.steps if claimed.answer.state is GateState.APPROVED else ()
        self._approved = {step.step_id: step_digest(self._plan_id, step) for step in approved}
        self._loop = asyncio.get_running_loop()
        self._locks: dict[str, asyncio.Lock] = {}
        self._doing: set[asyncio.Task[Any]] = set()
        self.rows = claimed.effects  # kept up to date, for whoever asks about a doubt
        self.begun: dict[str, Step] = {}  # intents of this claim without a result yet
        self.refused: list[str] = []
        self.final: list[BaseException] = []  # errors that another attempt would only repeat

    def key(self, step: Step) -> str:
        """The idempotency key of the step's effect, the same at every attempt."""
        return str(self._id(step))

    def function(self, step: Step) -> Callable[[Any], Any]:
        """What langgraph.json names for the approved step. Raises NotClearedError, UndeclaredEffectError."""
        self._check_cleared(step)
        if step.action_type not in self._functions:
            why = NO_FUNCTION.format(graph=self._run.claimed.graph)
            raise self._undeclared(UndeclaredEffectError(step, why))
        return self._functions[step.action_type]

    async def once(self, step: Step, fn: Callable[[], Any], declared: Declared) -> Any:
        """Do `fn` for `step`, or return what it returned before. `fn` runs on the event loop: no blocking.

        Raises NotClearedError, UndeclaredEffectError, EffectFailedError, or a RunStoppedError; what `fn`
        raises goes on to the node. Returns the JSON form of what `fn` returned, None where it has none.
        """
        async with self._lock_of(step):
            known = await self._begin(step, declared)
            if known is not None:
                return known.value
            if self._is_idempotent(step):
                return await asyncio.shield(self._to_its_end(self._called(step, fn)))
            return await self._called(step, fn)

    def once_blocking(self, step: Step, fn: Callable[[], Any], declared: Declared) -> Any:
        """The same from a plain `def` node, which runs in a thread of its own; `fn` runs in that thread."""
        refuse_event_loop()
        lock = self._lock_of(step)
        self._on_loop(lock.acquire())
        try:
            known = self._on_loop(self._begin(step, declared))
            return known.value if known is not None else self._done_blocking(step, fn)
        finally:
            self._loop.call_soon_threadsafe(lock.release)

    async def _called(self, step: Step, fn: Callable[[], Any]) -> Any:
        try:
            with without_questions(step):
                value = fn()
                if inspect.isawaitable(value):
                    value = await value
        except Exception as error:
            self._failed(step, error)
            raise
        except BaseException:
            self._cut_off(step)
            raise
        else:
            return self._succeeded(step, *_kept(step, value))
        finally:
            calls.returned(self._id(step))

    def _to_its_end(self, call: Any) -> "asyncio.Task[Any]":
        """An idempotent step that is cut off is waited for: it would be begun again beside itself."""
        task: asyncio.Task[Any] = asyncio.ensure_future(call)
        self._doing.add(task)
        task.add_done_callback(self._done)
        return task

    def _done(self, task: "asyncio.Task[Any]") -> None:
        self._doing.discard(task)
        if not task.cancelled():
            task.exception()  # the ledger has it; who waited for it may be gone

    def _done_blocking(self, step: Step, fn: Callable[[], Any]) -> Any:
        try:
            with without_questions(step):
                value = fn()
                if inspect.isawaitable(value):
                    value = self._on_loop(awaited(value))
        except Exception as error:
            self._tell(partial(self._failed, step, error))
            raise
        else:
            result, detail = _kept(step, value)
            self._tell(partial(self._succeeded, step, result, detail))
            return result
        finally:
            self._tell(partial(calls.returned, self._id(step)))

    def _tell(self, news: Callable[[], Any]) -> None:
        """From a node's thread, in this order: the ledger changes on the loop alone."""
        try:
            self._loop.call_soon_threadsafe(news)
        except RuntimeError:  # the loop is closed, and with it the ledger
            with suppress(Exception):
                news()

    def step(self, step_id: str) -> Step:
        """The approved step of that id. Raises NotClearedError where the verdict has none."""
        for step in self._run.claimed.answer.steps:
            if step.step_id == step_id and step_id in self._approved:
                return step
        self.refused.append(f"{step_id}: no verdict or clearance covers it")
        raise self._finally(NotClearedError(step_id))

    def open_step(self) -> Step | None:
        """A step that was begun, now or before, without a word on how it ended."""
        claimed = (step for step in self._run.claimed.answer.steps if self.is_open(step))
        return next(claimed, None)

    def has_steps_left(self) -> bool:
        """Whether an approved step has not ended: only those need an approval that still holds."""
        ended = {step_id for step_id, row in self.rows.items() if row.state in ("SUCCEEDED", "FAILED")}
        return not self._approved.keys() <= ended

    def begun_step(self) -> Step | None:
        """A step that this claim began without a word on how it ended; what is not idempotent comes first."""
        return min(self.begun.values(), key=self._is_idempotent, default=None)

    def has_begun_for_good(self) -> bool:
        """Whether a step was begun that must not simply begin again."""
        return any(not self._is_idempotent(step) for step in self.begun.values())

    async def calls_back(self, *, idempotent_only: bool = False) -> None:
        """Wait, within reason, until the calls of this claim have returned, and their results are noted."""
        waited = [step for step in self.begun.values() if self._is_idempotent(step) or not idempotent_only]
        await asyncio.gather(*(calls.back(self._id(step), self._patience_s) for step in waited))

    def _is_idempotent(self, step: Step) -> bool:
        return self._traits(step.action_type).idempotent

    def is_open(self, step: Step) -> bool:
        """Whether it was begun, now or before, without a word on how it ended."""
        row = self.rows.get(step.step_id)
        return step.step_id in self.begun or (row is not None and row.state == "CLAIMED")

    def note_in_doubt(self, step: Step, known: str, doubt_id: UUID) -> None:
        """Record that nobody knows about this step, and which gate asks."""
        self._note(step, "IN_DOUBT", plain(known), None, doubt_id)

    def _on_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _id(self, step: Step) -> UUID:
        """The key in force: of the approved content, also where an earlier revision had other content."""
        seen = self._run.claimed.keys.get(step.step_id)
        return seen or effect_key(self._plan_id, step.step_id)

    def _lock_of(self, step: Step) -> asyncio.Lock:
        return self._locks.setdefault(step.step_id, asyncio.Lock())

    async def _begin(self, step: Step, declared: Declared) -> _Done | None:
        self._run.check()
        self._check_cleared(step)
        self._check_declared(step, declared)
        await self._earlier_call(step)
        prior = self.rows.get(step.step_id)
        if prior is None or prior.state == "RETRY":
            await self._intend(step, repeat=prior is not None)
            return None
        if prior.state == "SUCCEEDED":
            return _Done(prior.result)
        return await self._again(step, prior)

    async def _earlier_call(self, step: Step) -> None:
        """Of this claim or of one that was lost: whatever it is, it is not begun beside itself."""
        if not calls.is_out(self._id(step)) or await calls.back(self._id(step), self._patience_s):
            return
        row = self.rows.get(step.step_id)
        if row is not None and row.state == "CLAIMED":
            raise self._in_doubt(step, "an earlier call for it has not returned in this process")
        raise StillOutError(step.step_id)

    def _check_cleared(self, step: Step) -> None:
        try:
            cleared = self._approved.get(step.step_id) == step_digest(self._plan_id, step)
        except UnencodableError:
            cleared = False
        if not cleared:
            known = step.step_id in self._approved
            why = "it is not the step that was approved" if known else "no verdict or clearance covers it"
            self.refused.append(f"{step.step_id}: {why}")
            raise self._finally(NotClearedError(step.step_id, why))

    def _check_declared(self, cleared: Step, declared: Declared) -> None:
        """The step has the approved content by now, so its action type is the approved one."""
        try:
            declared.check(cleared)
        except UndeclaredEffectError as error:
            raise self._undeclared(error) from None

    def _undeclared(self, error: UndeclaredEffectError) -> Exception:
        self.refused.append(str(error))
        return self._finally(error)

    async def _again(self, step: Step, prior: EffectRow) -> _Done | None:
        """A step that was begun before: FAILED, or nobody knows."""
        if self._is_idempotent(step):
            await self._intend(step, repeat=True)
            return None
        if prior.state == "FAILED":
            raise self._finally(EffectFailedError(step.step_id, prior.detail))
        probe = self._probes.get(step.action_type)
        if probe is None:
            raise self._in_doubt(step, "the worker that began it did not say how it ended")
        if not await self._probed(probe, step):
            if not prior.is_gone:
                who = prior.executor or "the worker that began it"
                known = f"its probe sees nothing of it, but {who} is not known to have ended and may be at it"
                raise self._in_doubt(step, known)
            await self._intend(step, repeat=True)
            return None
        self._note(step, "SUCCEEDED", "a probe found that it happened", None)
        return _Done(None)

    async def _probed(self, probe: Probe, step: Step) -> bool:
        try:
            happened = await asked(probe, step)
        except Exception as error:  # a probe that fails tells nothing, so a human is asked
            raise self._in_doubt(step, f"its probe failed: {type(error).__name__}: {error}") from error
        if not isinstance(happened, bool):
            raise self._in_doubt(step, f"its probe could not tell (it returned {happened!r})")
        return happened

    async def _intend(self, step: Step, *, repeat: bool) -> None:
        self._refuse_late()
        intent = Intent(
            effect_id=self._id(step),
            step=step,
            step_digest=self._approved[step.step_id],
            window_key=self._traits(step.action_type).window_key(step),
            repeat=repeat,
        )
        if self._run.has_result_of(intent.effect_id):
            await self._run.barrier()  # a failure is on record before the next attempt begins
        self.begun[step.step_id] = step
        try:
            await self._run.barrier([intent])
        except Exception as error:
            del self.begun[step.step_id]
            if isinstance(error, OutdatedError):
                raise self._outdated(error) from None
            if not isinstance(error, NotClearedError):
                raise
            self.refused.append(f"{step.step_id}: {error}")
            raise self._finally(error) from None
        self._is(step, "CLAIMED", "it was begun", None, more=1)
        if self._run.closing:
            self._refuse_late()  # its doubt is asked about; it is not called beside that
        calls.began(intent.effect_id)

    def _refuse_late(self) -> None:
        if self._run.halting or self._run.closing:
            why = "the worker is stopping" if self._run.halting else "this attempt of it is over"
            raise HaltedError(self._run.claimed.thread_id, why)

    def _in_doubt(self, step: Step, known: str) -> InDoubtError:
        error = InDoubtError(self._run.claimed.thread_id, step, known)
        self._run.stop(error)
        return error

    def _outdated(self, error: OutdatedError) -> OutdatedRunError:
        stop = OutdatedRunError(self._run.claimed.thread_id, str(error))
        self._run.stop(stop)
        return stop

    def _finally(self, error: Exception) -> Exception:
        self.final.append(error)
        return error

    def _failed(self, step: Step, error: Exception) -> None:
        self._note(step, "FAILED", in_words(error), None)
        if isinstance(error, QuestionInEffectError) or not self._is_idempotent(step):
            self.final.append(error)

    def _cut_off(self, step: Step) -> None:
        """Cancelled in the middle: nobody knows how it ended. An idempotent one may simply begin again."""
        if self._is_idempotent(step):
            self._note(step, "FAILED", "it was cancelled under way", None)
        else:
            self._is(step, "CLAIMED", "it was cancelled under way", None)

    def _succeeded(self, step: Step, result: Any, detail: str) -> Any:
        self._note(step, "SUCCEEDED", detail, result)
        return result

    def _note(self, step: Step, state: str, detail: str, result: Any, doubt_id: UUID | None = None) -> None:
        if self._run.closing and not self.is_open(step):
            return  # a call that returned too late: a human is asked about it
        self._run.note(Result(self._id(step), state, detail, result, doubt_id))
        self._is(step, state, detail, result)
        self.begun.pop(step.step_id, None)

    def _is(self, step: Step, state: str, detail: str, result: Any, more: int = 0) -> None:
        before = self.rows.get(step.step_id)
        attempts = (before.attempts if before else 0) + more
        self.rows[step.step_id] = EffectRow(step.step_id, state, attempts, result, detail)


def _kept(step: Step, value: Any) -> tuple[Any, str]:
    """What can be stored is what the node gets, so that a repeat sees the same."""
    result, detail = kept_result(value)
    if detail:
        log.warning("step %s: %s; return JSON", step.step_id, detail)
    return result, detail
