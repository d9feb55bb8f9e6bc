"""One plan that may run, in the hands of the service that executes it."""

import logging
from collections.abc import Callable, Iterable
from time import sleep
from types import TracebackType
from typing import Any, Self, TypeVar
from uuid import UUID

from gate_events.json_text import kept_result
from gate_events.order import steps_before
from gate_events.pause import expired
from gate_events.records import StepResult
from gate_events.values import Step as StepRecord
from gate_events.words import StepStatus
from gate_store.claims import Claim, Grant
from gate_store.database import Clock
from gate_store.declared_effects import UndeclaredEffectError, declared
from gate_store.engine.port import NotClearedError, NotNowError, OutOfOrderError
from gate_store.stop_file import StopFile
from gate_store.stops import refuse_stopped
from producers.acting import Word, use_by_of
from producers.at_work import AtWork
from producers.spans import effect_span
from producers.step import AnyStep, Step, step_value
from producers.stops_here import Stops
from producers.store_ledger import StepLedger

T = TypeVar("T")
_LOOK_S = 0.5
Settle = Callable[[list[StepResult] | None], None]

_log = logging.getLogger("plangate.verdicts")


class StepNotRunError(Exception):
    """Step {step_id} is not run again: an earlier attempt is {status} ({detail})."""

    def __init__(self, step_id: str, status: StepStatus, detail: str) -> None:
        super().__init__(f"step {step_id} is not run again: an earlier attempt is {status.value} ({detail})")
        self.step_id = step_id
        self.status = status
        self.detail = detail


class GivenUpError(Exception):
    """Step {step_id} is not begun: the group gave the plan to another while it was stopped."""

    def __init__(self, step_id: str) -> None:
        super().__init__(
            f"step {step_id} is not begun: the group gave the plan to another while it was stopped"
        )
        self.step_id = step_id


class Work:
    """A plan that may run now: do its steps with `once`, inside `with work:` or followed by `work.done()`.

    The exception of a step ends the plan, not the service: `with` logs it, and the outcome is FAILED. Any
    other exception goes on, and leaves the plan to the next start of a member of the group. A step in doubt
    leaves the plan open: a human is asked, and the plan comes again with the answer. So does one that another
    is at: the plan comes again once that has ended. Without a store the gate is told from the first `once` to
    the outcome that the plan is being worked at.
    """

    def __init__(
        self,
        word: Word,
        ledger: StepLedger,
        settle: Settle,
        at_work: AtWork,
        now: Clock,
        stops: Stops | None = None,
        stay: Callable[[float], None] = sleep,
    ) -> None:
        self._stay = stay
        self._stops: Stops = stops or StopFile(None)
        self._word = word
        self._before = steps_before(word.steps)
        self._ledger = ledger
        self._settle = settle
        self._at_work = at_work
        self._now = now
        self._results: dict[str, StepResult] = {}
        self._begun: set[str] = set()
        self._let_through: BaseException | None = None
        self._refused: NotClearedError | None = None
        self._asked = False
        self.settled = False
        self.not_now: NotNowError | None = None  # why the plan comes again later

    @property
    def plan_id(self) -> UUID:
        """Whose steps these are."""
        return self._word.plan_id

    @property
    def steps(self) -> tuple[Step, ...]:
        """What may run, perhaps edited, in order."""
        return tuple(map(Step.of_value, self._word.steps))

    @property
    def note(self) -> str:
        """The reviewer's words; empty where no human was asked."""
        return getattr(self._word, "note", "")

    def key(self, step: AnyStep | str) -> str:
        """The step's idempotency key, the same at every attempt: hand it to the service that acts."""
        return str(self._ledger.key(self._word, self._approved(step)))

    def once(self, step: AnyStep | str, function: Callable[[Step], T]) -> T:
        """Call `function(step)` unless the step is done, and return its result, now or as it was recorded.

        What it returns should be JSON: else it is not kept. Without a store a step is done again after a
        crash: then hand `key(step)` to the service that acts.
        Raises what `function` raises, once that is recorded as the step's failure; StepNotRunError where an
        earlier attempt failed, or nobody knows whether it happened; NotNowError, where the plan comes again
        later, while another is at the step, or a stop is in force; NotClearedError for a step that is not
        what was approved, or not any more; UndeclaredEffectError for a function without the mark of the
        approved action type: `@effect("send_email")`; OutOfOrderError before a step that stands before this
        one; NotDeliveredError where, without a store, the gate can not be told that the plan is begun:
        nothing was. A function with another mark and a step out of order end the plan FAILED.
        """
        approved = self._approved(step)
        self._check_declared(approved, function)
        claim = self._claimed(approved)
        self._begun.add(approved.step_id)
        if claim.grant is Grant.GO:
            return self._run(approved, claim, function)
        self._note(approved, StepStatus(claim.grant.value), claim.result, claim.detail)
        self._asked |= claim.grant is Grant.IN_DOUBT
        if claim.grant is not Grant.SUCCEEDED:
            self._let_through = StepNotRunError(approved.step_id, StepStatus(claim.grant.value), claim.detail)
            raise self._let_through
        recorded: T = claim.result
        return recorded

    def done(self, results: Iterable[StepResult] | None = None) -> None:
        """Deliver the outcome: what `once` noted, or the `results` given; steps without one were SKIPPED.

        A plan with a step about which a human is asked, or that another is at, gets none yet.
        """
        if self.not_now:
            self.settled = True
            return
        told = None if self._asked else list(self._results.values() if results is None else results)
        try:
            self._settle(told)
        finally:
            self._at_work.end()
        self.settled = True

    def give_up(self) -> None:
        """The group gives the plan to another: tell what was done, so that nobody does it once more."""
        if self._begun and not self.settled:
            self.done()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> bool:
        try:
            return self._left_with(error)
        finally:
            self._at_work.end()

    def _left_with(self, error: BaseException | None) -> bool:
        """Whether the error ends here."""
        if error is not None and error is self.not_now:
            self.done()
            return True
        if error is not None and error is self._refused:
            _log.warning("plan %s is passed over: %s", self.plan_id, error)
            self._settle(None)
            self.settled = True
            return True
        recorded = error is not None and error is self._let_through
        if recorded:
            _log.error("plan %s: %s", self.plan_id, error, exc_info=error)
        if not self.settled and (error is None or recorded):
            self.done()
        return recorded

    def _claimed(self, approved: StepRecord) -> Claim:
        """Where the store lets nothing more be done of the plan, it is passed over: the gate asks again."""
        try:
            self._begin(approved)
            return self._ledger.claim(self._word, approved)
        except OutOfOrderError as error:
            self._note(approved, StepStatus.FAILED, None, str(error))
            self._let_through = error
            raise
        except NotNowError as error:
            self.not_now = error
            raise
        except NotClearedError as error:
            self._refused = error
            raise

    def _begin(self, step: StepRecord) -> None:
        self._wait_for_go(step)
        self._refuse_late()
        if not self._ledger.decides:
            self._refuse_out_of_order(step)
            self._at_work.begin()
            self._refuse_late()  # the gate heard of it too late

    def _wait_for_go(self, step: StepRecord) -> None:
        """Where nothing remembers what was done of the plan, it waits here: else it would be done again.

        Raises StoppedError where it may come again later instead, GivenUpError where another gets it.
        """
        while stop := self._stops.holding(step.action_type):
            if self._ledger.decides or not self._begun:
                refuse_stopped([stop], step)
            self._stay(_LOOK_S)
            if self.settled:
                self._let_through = GivenUpError(step.step_id)
                raise self._let_through

    def _check_declared(self, approved: StepRecord, function: Callable[..., Any]) -> None:
        """A plan may ask for what a marked function does not do; an unmarked one is the service's fault."""
        may = declared(function)
        try:
            may.check(approved)
        except UndeclaredEffectError as error:
            if may.actions:
                self._note(approved, StepStatus.FAILED, None, str(error))
                self._let_through = error
            raise

    def _run(self, step: StepRecord, claim: Claim, function: Callable[[Step], T]) -> T:
        try:
            with effect_span(self._word, step), self._ledger.kept(claim):
                result = function(Step.of_value(step))
        except Exception as error:
            self._finish(step, claim, StepStatus.FAILED, None, f"{type(error).__name__}: {error}")
            self._let_through = error
            raise
        self._finish(step, claim, StepStatus.SUCCEEDED, *kept_result(result))
        return result

    def _finish(self, step: StepRecord, claim: Claim, status: StepStatus, result: Any, detail: str) -> None:
        if not self._ledger.finish(self._word, step, claim, status, result, detail):
            self._asked = True  # whoever settled it tells what became of the plan
        self._note(step, status, result, detail)

    def _note(self, step: StepRecord, status: StepStatus, result: Any, detail: str) -> None:
        self._results[step.step_id] = StepResult(
            step_id=step.step_id, status=status, detail=detail, result=result, finished_at=self._now()
        )

    def _refuse_late(self) -> None:
        """A plan that was begun in time may be ended."""
        use_by = None if self._ledger.decides else use_by_of(self._word)
        if not self._begun and use_by and expired(use_by, self._now()):
            raise NotClearedError(self._word.steps[0].step_id, f"the verdict held until {use_by.isoformat()}")

    def _refuse_out_of_order(self, step: StepRecord) -> None:
        """Where a ledger knows what was begun, it refuses."""
        if missing := next((name for name in self._before[step.step_id] if name not in self._begun), None):
            raise OutOfOrderError(step.step_id, missing)

    def _approved(self, step: AnyStep | str) -> StepRecord:
        step_id = step if isinstance(step, str) else step_value(step).step_id
        approved = next((each for each in self._word.steps if each.step_id == step_id), None)
        if approved is None:
            raise NotClearedError(step_id, f"plan {self.plan_id} has no such step")
        if not isinstance(step, str) and step_value(step) != approved:
            raise NotClearedError(step_id, "it is not the step that was approved")
        return approved
