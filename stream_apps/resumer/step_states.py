"""What is known of the steps of one claimed run: which were begun, how they ended, what was refused."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from gate_events.digest import step_digest
from gate_events.ids import effect_key
from gate_events.values import Step
from gate_events.words import GateState
from gate_store.effects_context import QuestionInEffectError
from gate_store.engine.port import EffectRow, Result
from stream_apps.metrics import effect_ended
from stream_apps.resumer.config import ActionTraits
from stream_apps.resumer.failures import Failures
from stream_apps.resumer.run_state import RunState
from stream_apps.resumer.words import plain

_SETTLED = ("SUCCEEDED", "FAILED")


class StepStates:
    """Changes on the event loop alone. What is noted rides with the run's next act."""

    def __init__(self, run: RunState, traits: Callable[[str], ActionTraits]) -> None:
        claimed = run.claimed
        self._run = run
        self._traits = traits
        self.failures = Failures(claimed, traits)
        self._steps = claimed.answer.steps
        self._plan_id = claimed.plan_id
        approved = claimed.answer.steps if claimed.answer.state is GateState.APPROVED else ()
        self.approved = {step.step_id: step_digest(self._plan_id, step) for step in approved}
        self.rows = claimed.effects  # kept up to date, for whoever asks about a doubt
        self.begun: dict[str, Step] = {}  # intents of this claim without a result yet
        self.is_used = False  # the graph brought a step to the ledger since the claim
        self.refused: list[str] = []
        self.final: list[BaseException] = []  # errors that another attempt would only repeat

    def id_of(self, step: Step) -> UUID:
        """The key in force: of the approved content, also where an earlier revision had other content."""
        seen = self._run.claimed.keys.get(step.step_id)
        return seen or effect_key(self._plan_id, step.step_id)

    def is_idempotent(self, step: Step) -> bool:
        """Whether the catalogue lets the step begin again with the same key."""
        return self._traits(step.action_type).idempotent

    def known(self) -> dict[str, EffectRow]:
        """What the ledger tells of the steps: a doubt about the whole plan that was lifted tells nothing."""
        return {name: row for name, row in self.rows.items() if row.attempts or row.state != "RETRY"}

    def is_unguarded(self) -> bool:
        """Whether a plan was approved, and nothing of it has come to the ledger, now or before."""
        known = any(not row.may_be_lost for row in self.known().values())
        return bool(self.approved) and not (self.is_used or self.refused or known)

    def lost_words(self) -> str:
        """Why a step may have happened before the store was restored; empty: none may."""
        return next((row.detail for row in self.rows.values() if row.may_be_lost), "")

    def answered(self) -> EffectRow | None:
        """What a human said of the whole plan, whose graph was cut off in it without the ledger."""
        said = (row for row in self.rows.values() if not row.attempts and row.state in _SETTLED)
        return next(said, None) if self.approved else None

    def is_open(self, step: Step) -> bool:
        """Whether it was begun, now or before, without a word on how it ended."""
        row = self.rows.get(step.step_id)
        return step.step_id in self.begun or (row is not None and row.state == "CLAIMED")

    def open_step(self) -> Step | None:
        """A step that was begun, now or before, without a word on how it ended."""
        return next((step for step in self._steps if self.is_open(step)), None)

    def has_steps_left(self) -> bool:
        """Whether an approved step has not ended: only those need an approval that still holds."""
        ended = {step_id for step_id, row in self.rows.items() if row.state in _SETTLED}
        return not self.approved.keys() <= ended

    def begun_step(self) -> Step | None:
        """A step that this claim began without a word on how it ended; what is not idempotent comes first."""
        return min(self.begun.values(), key=self.is_idempotent, default=None)

    def has_begun_for_good(self) -> bool:
        """Whether a step was begun that must not simply begin again."""
        return any(not self.is_idempotent(step) for step in self.begun.values())

    def refuse(self, why: str, error: Exception) -> Exception:
        """Note what was refused, and that another attempt would be too; returns `error`, to be raised."""
        self.refused.append(why)
        return self.for_good(error)

    def for_good(self, error: Exception) -> Exception:
        """Note that another attempt would only repeat this; returns `error`, to be raised."""
        self.final.append(error)
        return error

    def is_claimed(self, step: Step) -> None:
        """Its intent is durable: it counts as begun."""
        self._is(step, "CLAIMED", "it was begun", None, more=1)

    def failed(self, step: Step, error: Exception) -> None:
        """Its call raised."""
        self.failures.say(error, step)
        self.note(step, "FAILED", self.failures.words(error), None)
        if isinstance(error, QuestionInEffectError) or not self.is_idempotent(step):
            self.final.append(error)

    def cut_off(self, step: Step) -> None:
        """Cancelled in the middle: nobody knows how it ended. An idempotent one may simply begin again."""
        if self.is_idempotent(step):
            self.note(step, "FAILED", "it was cancelled under way", None)
        else:
            self._is(step, "CLAIMED", "it was cancelled under way", None)

    def succeeded(self, step: Step, result: Any, detail: str) -> Any:
        """It happened; returns `result`."""
        self.note(step, "SUCCEEDED", detail, result)
        return result

    def in_doubt(self, step: Step, known: str, doubt_id: UUID) -> None:
        """Record that nobody knows about this step, and which gate asks."""
        self.note(step, "IN_DOUBT", plain(known), None, doubt_id)

    def note(self, step: Step, state: str, detail: str, result: Any, doubt_id: UUID | None = None) -> None:
        """Let what became of the step ride with the next act of its run."""
        if self._run.closing and not self.is_open(step):
            return  # a call that returned too late: a human is asked about it
        self._run.note(Result(self.id_of(step), state, detail, result, doubt_id))
        effect_ended(self._traits(step.action_type).action_type, state)
        self._is(step, state, detail, result)
        self.begun.pop(step.step_id, None)

    def _is(self, step: Step, state: str, detail: str, result: Any, more: int = 0) -> None:
        before = self.rows.get(step.step_id)
        attempts = (before.attempts if before else 0) + more
        self.rows[step.step_id] = EffectRow(step.step_id, state, attempts, result, detail)
