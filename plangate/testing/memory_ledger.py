"""The effect ledger of a test, in memory: the refusals and the order of the real one, nothing durable."""

import asyncio
import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn
from uuid import UUID

from gate_events.digest import step_digest
from gate_events.errors import UnencodableError
from gate_events.ids import effect_key
from gate_events.json_text import kept_result
from gate_events.order import steps_before
from gate_events.values import Step as StepRecord
from gate_store.declared_effects import Declared, UndeclaredEffectError
from gate_store.engine.port import NotClearedError, OutOfOrderError
from producers.step import Step
from stream_apps.resumer.calling import awaited, refuse_event_loop, without_questions
from stream_apps.resumer.errors import EffectFailedError
from stream_apps.resumer.ledger import NO_FUNCTION


@dataclass(frozen=True)
class Effect:
    """A step that began, and how it ended: SUCCEEDED or FAILED, or CLAIMED where it was cut off."""

    step: Step
    state: str
    result: Any = None
    detail: str = ""


class MemoryLedger:
    """Implements EffectLedger for the approved steps of one plan. Used on one event loop and its threads.

    `functions` are those of `do`, by action type. A step that failed may begin again if its action type is
    `idempotent`. `graph` is its name, for the words of an error.
    """

    def __init__(
        self,
        plan_id: UUID,
        approved: tuple[StepRecord, ...],
        functions: Mapping[str, Callable[[Any], Any]],
        idempotent: frozenset[str],
        graph: str,
    ) -> None:
        self._plan_id = plan_id
        self._approved = {step.step_id: step for step in approved}
        self._digests = {step.step_id: step_digest(plan_id, step) for step in approved}
        self._before = steps_before(approved)
        self._functions = functions
        self._idempotent = idempotent
        self._graph = graph
        self._loop = asyncio.get_running_loop()
        self._locks: dict[str, asyncio.Lock] = {}
        self._effects: dict[str, Effect] = {}
        self.refused: list[str] = []

    @property
    def effects(self) -> tuple[Effect, ...]:
        """The steps that began, in the order in which they did."""
        return tuple(self._effects.values())

    def key(self, step: StepRecord) -> str:
        """The step's idempotency key."""
        return str(effect_key(self._plan_id, step.step_id))

    def step(self, step_id: str) -> StepRecord:
        """The approved step of that id. Raises NotClearedError."""
        if step_id not in self._approved:
            self._refuse(f"{step_id}: no verdict or clearance covers it", NotClearedError(step_id))
        return self._approved[step_id]

    def function(self, step: StepRecord) -> Callable[[Any], Any]:
        """The function given for the step's action type. Raises NotClearedError, UndeclaredEffectError."""
        self._check_cleared(step)
        if step.action_type not in self._functions:
            error = UndeclaredEffectError(step, NO_FUNCTION.format(graph=self._graph))
            self._refuse(str(error), error)
        return self._functions[step.action_type]

    async def once(self, step: StepRecord, fn: Callable[[], Any], declared: Declared) -> Any:
        """Do `fn` for `step` on the event loop, or return what it returned before.

        Raises NotClearedError, UndeclaredEffectError, EffectFailedError, and what `fn` raises.
        """
        async with self._lock_of(step):
            if (known := self._begin(step, declared)) is not None:
                return known.result
            with _Ending(self, step) as ending, without_questions(step):
                value = fn()
                return ending.returned(await value if inspect.isawaitable(value) else value)

    def once_blocking(self, step: StepRecord, fn: Callable[[], Any], declared: Declared) -> Any:
        """The same from a plain `def` node, in its thread."""
        refuse_event_loop()
        lock = self._lock_of(step)
        self._on_loop(lock.acquire())
        try:
            if (known := self._begin(step, declared)) is not None:
                return known.result
            with _Ending(self, step) as ending, without_questions(step):
                value = fn()
                return ending.returned(self._on_loop(awaited(value)) if inspect.isawaitable(value) else value)
        finally:
            self._loop.call_soon_threadsafe(lock.release)

    def note(self, step: StepRecord, state: str, result: Any = None, detail: str = "") -> None:
        """What became of a step."""
        self._effects[step.step_id] = Effect(Step.of_value(step), state, result, detail)

    def _begin(self, step: StepRecord, declared: Declared) -> Effect | None:
        """Claim the step; or what is known of one that was done."""
        self._check_cleared(step)
        try:
            declared.check(step)
        except UndeclaredEffectError as error:
            self._refuse(str(error), error)
        prior = self._effects.get(step.step_id)
        if prior is not None and prior.state == "SUCCEEDED":
            return prior
        if prior is not None and step.action_type not in self._idempotent:
            raise EffectFailedError(step.step_id, prior.detail)
        missing = [name for name in self._before[step.step_id] if name not in self._effects]
        if missing:
            out_of_order = OutOfOrderError(step.step_id, missing[0])
            self._refuse(f"{step.step_id}: {out_of_order}", out_of_order)
        self.note(step, "CLAIMED", detail="it was begun")
        return None

    def _check_cleared(self, step: StepRecord) -> None:
        try:
            cleared = self._digests.get(step.step_id) == step_digest(self._plan_id, step)
        except UnencodableError:
            cleared = False
        if not cleared:
            known = step.step_id in self._digests
            why = "it is not the step that was approved" if known else "no verdict or clearance covers it"
            self._refuse(f"{step.step_id}: {why}", NotClearedError(step.step_id, why))

    def _refuse(self, why: str, error: Exception) -> NoReturn:
        self.refused.append(why)
        raise error

    def _on_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _lock_of(self, step: StepRecord) -> asyncio.Lock:
        return self._locks.setdefault(step.step_id, asyncio.Lock())


class _Ending:
    """Notes how a call ended, whichever way it did."""

    def __init__(self, ledger: MemoryLedger, step: StepRecord) -> None:
        self._ledger = ledger
        self._step = step

    def __enter__(self) -> "_Ending":
        return self

    def returned(self, value: Any) -> Any:
        """What can be stored is what the node gets, as in the real ledger."""
        result, detail = kept_result(value)
        self._ledger.note(self._step, "SUCCEEDED", result, detail)
        return result

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if isinstance(error, Exception):
            self._ledger.note(self._step, "FAILED", detail=f"{type(error).__name__}: {error}")
