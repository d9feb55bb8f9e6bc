"""The effect ledger of one run: each approved step once, or a human is asked.

The intent is durable before the effect begins. Its result rides with the next intent, the last one with the
end of the run.
"""

import asyncio
import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import partial
from typing import Any

from opentelemetry.trace import Tracer

from gate_events.json_text import kept_result
from gate_events.values import Step
from gate_store.declared_effects import Declared, UndeclaredEffectError
from gate_store.engine.port import Intent, NotClearedError
from gate_store.stop_file import StopFile
from stream_apps.resumer.calling import Probe, awaited, refuse_event_loop, without_questions
from stream_apps.resumer.calls import calls
from stream_apps.resumer.config import ActionTraits
from stream_apps.resumer.intents import BegunAgain, Intents
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.spans import effect_span
from stream_apps.resumer.step_states import StepStates

log = logging.getLogger(__name__)

NO_FUNCTION = "langgraph.json names no function for it; name it under plangate.{graph}.effects, or use once()"


class RunLedger:
    """Implements EffectLedger. Refuses everything once the run is stopped, whatever the node catches."""

    def __init__(
        self,
        run: RunState,
        traits: Callable[[str], ActionTraits],
        probes: Mapping[str, Probe],
        functions: Mapping[str, Callable[[Any], Any]],
        patience_s: float,
        begun_again: BegunAgain,
        tracer: Tracer,
        stop_file: StopFile,
    ) -> None:
        """`patience_s`: how long a call that is out already is waited for.

        `begun_again`: whether a step that had failed is begun once more.
        """
        self._tracer = tracer
        self.states = StepStates(run, traits)
        self._intents = Intents(run, self.states, traits, probes, patience_s, begun_again, stop_file)
        self._claimed = run.claimed
        self._functions = functions
        self._patience_s = patience_s
        self._loop = asyncio.get_running_loop()
        self._locks: dict[str, asyncio.Lock] = {}
        self._doing: set[asyncio.Task[Any]] = set()

    def key(self, step: Step) -> str:
        """The idempotency key of the step's effect, the same at every attempt."""
        return str(self.states.id_of(step))

    def step(self, step_id: str) -> Step:
        """The approved step of that id. Raises NotClearedError where the verdict has none."""
        for step in self._claimed.answer.steps:
            if step.step_id == step_id and step_id in self.states.approved:
                return step
        why = f"{step_id}: no verdict or clearance covers it"
        raise self.states.refuse(why, NotClearedError(step_id))

    def function(self, step: Step) -> Callable[[Any], Any]:
        """What langgraph.json names for the approved step. Raises NotClearedError, UndeclaredEffectError."""
        self._intents.check_cleared(step)
        if step.action_type not in self._functions:
            error = UndeclaredEffectError(step, NO_FUNCTION.format(graph=self._claimed.graph))
            raise self.states.refuse(str(error), error)
        return self._functions[step.action_type]

    async def once(self, step: Step, fn: Callable[[], Any], declared: Declared) -> Any:
        """Do `fn` for `step`, or return what it returned before. `fn` runs on the event loop: no blocking.

        Raises NotClearedError, UndeclaredEffectError, EffectFailedError, or a RunStoppedError; what `fn`
        raises goes on to the node. Returns the JSON form of what `fn` returned, None where it has none.
        """
        async with self._lock_of(step):
            known = await self._intents.begin(step, declared)
            if known is not None:
                return known.value
            if self.states.is_idempotent(step):
                return await asyncio.shield(self._to_its_end(self._called(step, fn)))
            return await self._called(step, fn)

    def once_blocking(self, step: Step, fn: Callable[[], Any], declared: Declared) -> Any:
        """The same from a plain `def` node, which runs in a thread of its own; `fn` runs in that thread."""
        refuse_event_loop()
        lock = self._lock_of(step)
        self._on_loop(lock.acquire())
        try:
            known = self._on_loop(self._intents.begin(step, declared))
            return known.value if known is not None else self._called_blocking(step, fn)
        finally:
            self._loop.call_soon_threadsafe(lock.release)

    def intents(self) -> list[Intent]:
        """The claims of all approved steps, in their order; nothing of them is written."""
        return [self._intents.of(step) for step in self._claimed.answer.steps]

    async def calls_back(self, *, idempotent_only: bool = False) -> None:
        """Wait, within reason, until the calls of this claim have returned, and their results are noted."""
        begun = self.states.begun.values()
        waited = [step for step in begun if self.states.is_idempotent(step) or not idempotent_only]
        await asyncio.gather(*(calls.back(self.states.id_of(step), self._patience_s) for step in waited))

    async def _called(self, step: Step, fn: Callable[[], Any]) -> Any:
        try:
            with self._called_for(step):
                value = fn()
                if inspect.isawaitable(value):
                    value = await value
        except Exception as error:
            self.states.failed(step, error)
            raise
        except BaseException:
            self.states.cut_off(step)
            raise
        else:
            return self.states.succeeded(step, *_kept(step, value))
        finally:
            calls.returned(self.states.id_of(step))

    @contextmanager
    def _called_for(self, step: Step) -> Iterator[None]:
        with effect_span(self._tracer, self._claimed, step), without_questions(step):
            yield

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

    def _called_blocking(self, step: Step, fn: Callable[[], Any]) -> Any:
        try:
            with self._called_for(step):
                value = fn()
                if inspect.isawaitable(value):
                    value = self._on_loop(awaited(value))
        except Exception as error:
            self._tell(partial(self.states.failed, step, error))
            raise
        else:
            result, detail = _kept(step, value)
            self._tell(partial(self.states.succeeded, step, result, detail))
            return result
        finally:
            self._tell(partial(calls.returned, self.states.id_of(step)))

    def _tell(self, news: Callable[[], Any]) -> None:
        """From a node's thread, in this order: the ledger changes on the loop alone."""
        try:
            self._loop.call_soon_threadsafe(news)
        except RuntimeError:  # the loop is closed, and with it the ledger
            with suppress(Exception):
                news()

    def _on_loop(self, work: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _lock_of(self, step: Step) -> asyncio.Lock:
        return self._locks.setdefault(step.step_id, asyncio.Lock())


def _kept(step: Step, value: Any) -> tuple[Any, str]:
    """What can be stored is what the node gets, so that a repeat sees the same."""
    result, detail = kept_result(value)
    if detail:
        log.warning("step %s: %s; return JSON", step.step_id, detail, extra={"step_id": step.step_id})
    return result, detail
