"""Calls the function of an undo step as the ledger of services does: in a thread, under its key."""

import asyncio
import inspect
import logging
from collections.abc import Callable
from typing import Any, NoReturn
from uuid import UUID

from gate_events.shown import shown
from gate_events.values import Step as StepRecord
from gate_policy.secret_values import secret_values, without
from gate_store.declared_effects import declare
from gate_store.effects_context import current, under_way
from producers.effects import NoResumeError
from producers.step import Step, step_value
from stream_apps.plain_errors import plainly
from stream_apps.resumer.calls import calls
from stream_apps.resumer.failures import log_failure
from stream_apps.resumer.words import in_words, plain

log = logging.getLogger("plangate.undo")


class UndoFailedError(RuntimeError):
    """{words}: what the function raised, without the values of secret arguments."""


class UndoFunction:
    """A function that langgraph.json names for an action type, which declares it; `loop` runs an async one.

    `effects().key(step)` gives it the step's idempotency key, as inside a graph.
    """

    def __init__(
        self,
        function: Callable[[Any], Any],
        action_type: str,
        key: str,
        loop: asyncio.AbstractEventLoop,
        secret: frozenset[str],
    ) -> None:
        self._function = function
        self._key = key
        self._loop = loop
        self._secret = secret  # names of arguments
        declare(self, [action_type])

    def __call__(self, step: Step) -> Any:
        """What the function returns. Raises UndoFailedError, once what it raised is in the log."""
        effect_id = UUID(self._key)
        calls.began(effect_id)
        token = current.set(_KeyAlone(step_value(step), self._key))
        try:
            with under_way(step.step_id):
                return self._called(step)
        except (Exception, SystemExit) as error:
            raise self._failed(step, error) from None
        finally:
            current.reset(token)
            calls.returned(effect_id)

    def _failed(self, step: Step, error: BaseException) -> UndoFailedError:
        secrets = list(secret_values(step.arguments, self._secret))
        words = plain(without(in_words(error), secrets))
        where = f"undo step {shown(step.step_id)} ({shown(step.action_type)}): {shown(words)}"
        log_failure(log, where, error, secrets, {"step_id": step.step_id})
        return UndoFailedError(words)

    def _called(self, step: Step) -> Any:
        result = plainly(self._function)(step)
        if not inspect.isawaitable(result):
            return result
        return asyncio.run_coroutine_threadsafe(_awaited(result), self._loop).result()


async def _awaited(value: Any) -> Any:
    return await value


class _KeyAlone:
    """The ledger that such a function sees: it is inside of its effect, and begins no other."""

    def __init__(self, step: StepRecord, key: str) -> None:
        self._step = step
        self._key = key

    def key(self, step: StepRecord) -> str:
        """The idempotency key of the step that is being done."""
        return self._key if step == self._step else self._refuse()

    def step(self, step_id: str) -> StepRecord:
        """The step that is being done."""
        return self._step if step_id == self._step.step_id else self._refuse()

    async def once(self, *_: object) -> Any:
        """Refused."""
        self._refuse()

    def once_blocking(self, *_: object) -> Any:
        """Refused."""
        self._refuse()

    def function(self, *_: object) -> Any:
        """Refused."""
        self._refuse()

    def _refuse(self) -> NoReturn:
        raise NoResumeError
