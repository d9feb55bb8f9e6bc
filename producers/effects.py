"""What a step does outside the graph, done once."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar, overload

from gate_events import values
from gate_store.declared_effects import Declared, declared
from gate_store.effects_context import EffectLedger, current
from producers.step import AnyStep, Step, step_value

T = TypeVar("T")


class NoResumeError(RuntimeError):
    """effects() works only while Plangate resumes the run.

    Do what has effects in a node behind the gate, and let `plangate worker` resume it.
    """

    def __init__(self) -> None:
        super().__init__(
            "effects() works only while Plangate resumes the run: do what has effects in a node behind "
            "gate(), and let `plangate worker` resume it"
        )


class BlockingEffectError(RuntimeError):
    """Step {step_id}: a blocking effect inside an async node."""

    def __init__(self, step_id: str) -> None:
        super().__init__(
            f"step {step_id}: a blocking function inside an async node would stop every run of this "
            "process; write `await effects().once(step, async_function)`, or "
            "`await asyncio.to_thread(effects().once, step, function)`"
        )
        self.step_id = step_id


def effects() -> "Effects":
    """The effect ledger of the resume that runs this node. Raises NoResumeError outside of one."""
    ledger = current.get(None)
    if ledger is None:
        raise NoResumeError
    return Effects(ledger)


class Effects:
    """Runs the effects of a resumed run's steps, each at most once. Steps are given whole or by their id."""

    def __init__(self, ledger: EffectLedger) -> None:
        self._ledger = ledger

    def key(self, step: AnyStep | str) -> str:
        """The step's idempotency key, the same at every attempt: hand it to the service that acts."""
        return self._ledger.key(self._value(step))

    @overload
    def once(self, step: AnyStep | str, function: Callable[[Step], Awaitable[T]]) -> Awaitable[T]: ...

    @overload
    def once(self, step: AnyStep | str, function: Callable[[Step], T]) -> T: ...

    def once(self, step: AnyStep | str, function: Callable[[Step], Any]) -> Any:
        """Call `function(step)` unless the step is done, and return its result, now or as it was recorded.

        `function` was declared for the step's action type: `@effect("send_email")`. An async one gives an
        awaitable. What it returns must be JSON. An exception is recorded as the step's failure and goes on to
        the node.
        Raises NotClearedError for a step that no verdict covers as it is given; UndeclaredEffectError for a
        function without the mark; BlockingEffectError.
        """
        return self._call(self._value(step), function, declared(function))

    def do(self, step: AnyStep | str) -> Any:
        """The same with the function that `effects` in langgraph.json names for the step's action type.

        Raises UndeclaredEffectError where it names none; else as `once`.
        """
        value = self._value(step)
        function = self._ledger.function(value)
        named = Declared(declared(function).function, frozenset({value.action_type}))
        return self._call(value, function, named)

    def _call(self, step: values.Step, function: Callable[[Step], Any], may: Declared) -> Any:
        given = Step.of_value(step)
        if _is_async(function):
            return self._ledger.once(step, _awaiting(function, given), may)
        if _inside_event_loop():
            raise BlockingEffectError(step.step_id)
        return self._ledger.once_blocking(step, lambda: function(given), may)

    def _value(self, step: AnyStep | str) -> values.Step:
        return self._ledger.step(step) if isinstance(step, str) else step_value(step)


def _awaiting(function: Callable[[Step], Awaitable[T]], step: Step) -> Callable[[], Awaitable[T]]:
    async def call() -> T:  # a coroutine function, so that the ledger needs no thread for it
        return await function(step)

    return call


def _is_async(function: Callable[..., Any]) -> bool:
    called = getattr(function, "__call__", None)  # noqa: B004 - an object may be called through an async __call__
    return inspect.iscoroutinefunction(inspect.unwrap(_bare(function))) or inspect.iscoroutinefunction(called)


def _bare(function: Any) -> Any:
    return _bare(function.func) if hasattr(function, "func") else function


def _inside_event_loop() -> bool:
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
