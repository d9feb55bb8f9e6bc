"""Whether a step of a claimed run may begin: what is checked, probed and made durable before its call."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from gate_events.digest import step_digest
from gate_events.errors import UnencodableError
from gate_events.values import Step
from gate_store.declared_effects import Declared, UndeclaredEffectError
from gate_store.engine.port import EffectRow, Intent, NotClearedError, OutdatedError, StoppedError
from gate_store.stop_file import StopFile
from stream_apps.resumer.calling import Probe, asked
from stream_apps.resumer.calls import LOOK_S, calls
from stream_apps.resumer.config import ActionTraits
from stream_apps.resumer.errors import (
    EffectFailedError,
    HaltedError,
    HeldError,
    InDoubtError,
    OutdatedRunError,
    StillOutError,
)
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.step_states import StepStates

BegunAgain = Callable[[Step], Awaitable[bool]]


@dataclass(frozen=True)
class Done:
    """The effect happened in an earlier attempt."""

    value: Any


class Intents:
    """Begins the approved steps of one run, each under its lock."""

    def __init__(
        self,
        run: RunState,
        states: StepStates,
        traits: Callable[[str], ActionTraits],
        probes: Mapping[str, Probe],
        patience_s: float,
        begun_again: BegunAgain,
        stop_file: StopFile,
    ) -> None:
        """`patience_s`: how long a call that is out already is waited for.

        `begun_again`: whether a step that had failed is begun once more.
        """
        self._stop_file = stop_file
        self._begun_again = begun_again
        self._run = run
        self._states = states
        self._traits = traits
        self._probes = probes
        self._patience_s = patience_s

    async def begin(self, step: Step, declared: Declared) -> Done | None:
        """Make the step's intent durable, so that it may be called; or say that it was done before.

        Raises NotClearedError, UndeclaredEffectError, EffectFailedError, or a RunStoppedError.
        """
        self._states.is_used = True
        self._run.check()
        self.check_cleared(step)
        self._check_declared(step, declared)
        await self._earlier_call(step)
        prior = self._states.rows.get(step.step_id)
        if prior is None or prior.state == "RETRY":
            await self._intend(step, repeat=prior is not None)
            return None
        if prior.state == "SUCCEEDED":
            return Done(prior.result)
        return await self._again(step, prior)

    def of(self, step: Step, *, repeat: bool = False) -> Intent:
        """The intent of an approved step, before it is durable."""
        return Intent(
            effect_id=self._states.id_of(step),
            step=step,
            step_digest=self._states.approved[step.step_id],
            window_key=self._traits(step.action_type).window_key(step),
            repeat=repeat,
        )

    def check_cleared(self, step: Step) -> None:
        """Raises NotClearedError where this is not a step that was approved, as it was approved."""
        approved = self._states.approved
        try:
            cleared = approved.get(step.step_id) == step_digest(self._run.claimed.plan_id, step)
        except UnencodableError:
            cleared = False
        if not cleared:
            known = step.step_id in approved
            why = "it is not the step that was approved" if known else "no verdict or clearance covers it"
            raise self._states.refuse(f"{step.step_id}: {why}", NotClearedError(step.step_id, why))

    def _check_declared(self, cleared: Step, declared: Declared) -> None:
        """The step has the approved content by now, so its action type is the approved one."""
        try:
            declared.check(cleared)
        except UndeclaredEffectError as error:
            raise self._states.refuse(str(error), error) from None

    async def _earlier_call(self, step: Step) -> None:
        """Of this claim or of one that was lost: whatever it is, it is not begun beside itself."""
        key = self._states.id_of(step)
        if not calls.is_out(key) or await calls.back(key, self._patience_s):
            return
        row = self._states.rows.get(step.step_id)
        if row is not None and row.state == "CLAIMED":
            raise self._in_doubt(step, "an earlier call for it has not returned in this process")
        raise StillOutError(step.step_id)

    async def _again(self, step: Step, prior: EffectRow) -> Done | None:
        """A step that was begun before: FAILED, or nobody knows."""
        if self._states.is_idempotent(step):
            await self._intend(step, repeat=True)
            return None
        if prior.state == "FAILED":
            if await self._begun_again(step):
                await self._intend(step, repeat=True)
                return None
            raise self._states.for_good(EffectFailedError(step.step_id, prior.detail))
        probe = self._probes.get(step.action_type)
        if probe is None:
            known = prior.detail if prior.may_be_lost else "the worker that began it did not say how it ended"
            raise self._in_doubt(step, known)
        if not await self._probed(probe, step):
            if not prior.is_gone:
                who = prior.executor or "the worker that began it"
                known = f"its probe sees nothing of it, but {who} is not known to have ended and may be at it"
                raise self._in_doubt(step, known)
            await self._intend(step, repeat=True)
            return None
        self._states.succeeded(step, None, "a probe found that it happened")
        return Done(None)

    async def _probed(self, probe: Probe, step: Step) -> bool:
        try:
            happened = await asked(probe, step)
        except Exception as error:  # a probe that fails tells nothing, so a human is asked
            self._states.failures.say(error, step)
            raise self._in_doubt(step, f"its probe failed: {self._states.failures.words(error)}") from error
        if not isinstance(happened, bool):
            returned = self._states.failures.told(repr(happened))
            raise self._in_doubt(step, f"its probe could not tell (it returned {returned})")
        return happened

    async def _intend(self, step: Step, *, repeat: bool) -> None:
        self._refuse_late()
        intent = self.of(step, repeat=repeat)
        if self._run.has_result_of(intent.effect_id):
            await self._run.barrier()  # a failure is on record before the next attempt begins
        if stop := self._stop_file.holding(step.action_type):
            raise await self._held(str(stop))
        await self._commit(intent)
        if self._run.closing:
            self._refuse_late()  # its doubt is asked about; it is not called beside that
        calls.began(intent.effect_id)

    async def _commit(self, intent: Intent) -> None:
        step = intent.step
        self._states.begun[step.step_id] = step
        try:
            await self._run.barrier([intent])
        except Exception as error:
            del self._states.begun[step.step_id]
            if isinstance(error, OutdatedError):
                raise self._outdated(error) from None
            if isinstance(error, StoppedError):
                raise await self._held(str(error)) from None
            if not isinstance(error, NotClearedError):
                raise
            raise self._states.refuse(f"{step.step_id}: {error}", error) from None
        self._states.is_claimed(step)

    def _refuse_late(self) -> None:
        if self._run.halting or self._run.closing:
            why = "the worker is stopping" if self._run.halting else "this attempt of it is over"
            raise HaltedError(self._run.claimed.thread_id, why)

    async def _held(self, why: str) -> HeldError:
        """What is under way ends first, and is told: the graph would cut off the nodes beside this one."""
        while self._states.begun and not (self._run.closing or self._run.stopped):  # noqa: ASYNC110 - nodes in threads end it, too
            await asyncio.sleep(LOOK_S)
        error = HeldError(self._run.claimed.thread_id, why)
        self._run.stop(error)
        return error

    def _in_doubt(self, step: Step, known: str) -> InDoubtError:
        error = InDoubtError(self._run.claimed.thread_id, step, known)
        self._run.stop(error)
        return error

    def _outdated(self, error: OutdatedError) -> OutdatedRunError:
        stop = OutdatedRunError(self._run.claimed.thread_id, str(error))
        self._run.stop(stop)
        return stop
