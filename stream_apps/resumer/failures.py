"""Says what failed in a run: one ERROR in the log, with its traceback, and words for the store."""

import logging
import re
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence

from gate_events.shown import shown, spelled_out
from gate_events.values import Step
from gate_policy.secret_values import secret_values, without
from gate_store.engine.port import ClaimedRun
from stream_apps.resumer.config import ActionTraits
from stream_apps.resumer.errors import EffectFailedError, RunFailedError
from stream_apps.resumer.words import in_words, plain

log = logging.getLogger(__name__)

_NODE = re.compile("During task with name '([^']*)'")  # LangGraph's note on what a node raises


class Failures:
    """Of one claim of a run. What fails is said once, however far its exception travels."""

    def __init__(self, claimed: ClaimedRun, traits: Callable[[str], ActionTraits]) -> None:
        self._claimed = claimed
        self._traits = traits
        self._said: list[BaseException] = []

    def words(self, error: BaseException) -> str:
        """What went wrong, without the values of secret arguments."""
        return self.told(in_words(error))

    def told(self, text: str) -> str:
        """Others' words without the values of secret arguments, as a store takes them."""
        return plain(without(text, self._secrets()))  # cut last, so that no value is cut and then not found

    def say(self, error: BaseException, step: Step | None = None) -> None:
        """Put it in the log, unless it was said before, or failed in an earlier attempt."""
        chain = list(_chain(error))
        if any(each in self._said or isinstance(each, EffectFailedError) for each in chain):
            return
        self._said.append(error)
        ids = {"thread_id": self._claimed.thread_id, "plan_id": str(self._claimed.plan_id)}
        if isinstance(error, RunFailedError):
            log.error("%s", self._line(error, step), extra=ids)
        else:
            log_failure(log, self._line(error, step), error, self._secrets(), ids)

    def _line(self, error: BaseException, step: Step | None) -> str:
        claimed = self._claimed
        note = _NODE.search("\n".join(getattr(error, "__notes__", ())))
        where = f" step {shown(step.step_id)}," if step else f" node {shown(note[1])}," if note else ""
        run = f"run {shown(claimed.thread_id)}: plan {claimed.plan_id},{where} attempt {claimed.attempts}"
        return f"{run}: {shown(self.words(error))}"

    def _secrets(self) -> list[str]:
        """Looked for when something failed only."""
        return [
            value
            for step in self._claimed.answer.steps
            for value in secret_values(step.arguments, self._traits(step.action_type).secret)
        ]


def log_failure(
    logger: logging.Logger, line: str, error: BaseException, secrets: Sequence[str], ids: Mapping[str, str]
) -> None:
    """An ERROR with the traceback: set in, what nobody sees spelled out, without these values."""
    told = without("".join(traceback.format_exception(error)), secrets)
    record = logger.makeRecord(logger.name, logging.ERROR, __file__, 0, line, (), None, extra=ids)
    record.exc_text = "\n".join(f"    {spelled_out(each)}" for each in told.splitlines())
    logger.handle(record)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
