"""Cleared plans as the store knows them, and what an outcome may say of one."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Row, and_, select

from gate_events.records import PlanCleared, PlanDecided, PlanExecuted
from gate_events.words import OutcomeStatus, StepStatus
from gate_store.dialects import among, read, whole
from gate_store.tables import clearances, cleared_steps, effects, gates, runs

TOLD_AS = {
    "SUCCEEDED": StepStatus.SUCCEEDED,
    "FAILED": StepStatus.FAILED,
    "IN_DOUBT": StepStatus.IN_DOUBT,
    "CLAIMED": StepStatus.IN_DOUBT,  # begun, and nobody said how it ended
    "RETRY": StepStatus.SKIPPED,
}


EARLY = (
    "it was told before its plan was cleared, when nobody could execute it; where the brokers' clocks differ,"
    " replay it"
)


@dataclass(frozen=True, slots=True)
class KnownEffect:
    """What the ledger holds of a step of equal content, under whatever revision it was begun."""

    effect_id: UUID
    state: str
    executor: str
    result: Any
    by_claim: bool  # claimed in the ledger, not told by an outcome
    detail: str = ""


@dataclass(frozen=True, slots=True)
class ClearedPlan:
    """What was cleared under one digest, and what is known of it."""

    word: PlanCleared | PlanDecided
    gate_id: UUID | None
    cleared_at: datetime
    attempt: int
    effects: Mapping[str, KnownEffect]  # by step_id
    run_goes_on: bool = False
    said_at: datetime | None = None  # the broker's moment of the router's word
    earlier: Mapping[int, PlanDecided] = field(default_factory=dict)  # what was answered at earlier attempts

    @property
    def by_ledger(self) -> bool:
        """Whether who executes it claims its steps in the ledger, which then knows best."""
        return self.word.run is not None or any(each.by_claim for each in self.effects.values())

    def last_attempt(self, told: Collection[int]) -> int:
        """The last attempt that was let be made; `told` are those whose outcomes are known.

        It is the one that was cleared. Who executes without the ledger may make one more where a human said
        RETRY about a step in doubt, until its outcome is told.
        """
        retries = not self.by_ledger and any(each.state == "RETRY" for each in self.effects.values())
        return max(self.attempt, max(told) + 1) if retries and told else self.attempt

    def objection(self, told: PlanExecuted, told_at: datetime | None = None) -> str | None:
        """Why an outcome of this digest does not count; None: it does. `told_at` is the broker's moment."""
        word = self.word
        if told_at and self._was_early(told, told_at):
            return EARLY
        if why := self.other_plan(told):
            return why
        before = self.earlier.get(told.attempt)
        if told.attempt < self.attempt and not word.run and not (before and before.execute):
            return self.never_cleared(told)
        if why := self._unfit_results(told):
            return why
        if self.run_goes_on and not self.was_given_up(told):
            return "the run of this plan goes on: only its resumer tells what became of it, when it has ended"
        return self._unlike_ledger(told) if self.by_ledger else None

    def never_cleared(self, told: PlanExecuted) -> str:
        """The words about an attempt before that nobody let be made."""
        return f"attempt {told.attempt} at this plan was never cleared: attempt {self.attempt} was"

    def was_given_up(self, told: PlanExecuted) -> bool:
        """Whether it says that nothing ran at an attempt before, as was answered then."""
        before = self.earlier.get(told.attempt)
        return before is not None and not before.execute and not has_run(told)

    def other_plan(self, told: PlanExecuted) -> str | None:
        """Why it does not speak of this plan; None: it does."""
        word = self.word
        if (told.plan_id, told.revision) == (word.plan_id, word.revision):
            return None
        return f"its digest is that of plan {word.plan_id}, revision {word.revision}"

    def _was_early(self, told: PlanExecuted, told_at: datetime) -> bool:
        """Nobody can execute a plan before its clearance is on the log. An attempt before it had another."""
        if told.attempt < self.attempt:
            before = self.earlier.get(told.attempt)
            return before is not None and before.execute and told_at <= before.decided_at
        if self.gate_id:  # the verdict came after the decision, by which `cleared_at` goes
            return told_at <= self.cleared_at
        return self.said_at is not None and told_at < self.said_at

    def _unfit_results(self, told: PlanExecuted) -> str | None:
        steps, seen = {step.step_id for step in self.word.steps}, set[str]()
        for result in told.results:
            if result.step_id not in steps:
                return f"it has a result of step {result.step_id!r}, which the plan has not"
            if result.step_id in seen:
                return f"it has two results of step {result.step_id!r}"
            seen.add(result.step_id)
        return None

    def _unlike_ledger(self, told: PlanExecuted) -> str | None:
        """The ledger's word counts: what a record says beside it is a claim."""
        results = {result.step_id: result for result in told.results}
        for step in self.word.steps:
            result, known = results.get(step.step_id), self.effects.get(step.step_id)
            status = result.status if result else StepStatus.SKIPPED
            if known and known.state == "CLAIMED" and self.word.run is None:
                return f"step {step.step_id!r} is still being done by {known.executor}, says the ledger"
            expected = TOLD_AS[known.state] if known else StepStatus.SKIPPED
            if status is not expected:
                state = known.state if known else "not begun"
                return f"of step {step.step_id!r} it says {status.value}, and the ledger {state}"
            if self.word.run and result and known and result.result != known.result:
                return f"of step {step.step_id!r} it has another result than the ledger"
        return None


def has_run(told: PlanExecuted) -> bool:
    """Whether anything of the plan was tried."""
    tried = any(result.status is not StepStatus.SKIPPED for result in told.results)
    return tried or told.status is not OutcomeStatus.NOT_RUN


def cleared_plans(conn: Connection, digests: Iterable[str]) -> dict[str, ClearedPlan]:
    """What was cleared under these digests, by digest."""
    wanted = sorted(set(digests))
    if not wanted:
        return {}
    found = conn.execute(
        select(
            clearances.c.digest,
            clearances.c.plan_id,
            clearances.c.gate_id,
            clearances.c.cleared_at,
            clearances.c.attempt,
            clearances.c.said_at,
            whole(clearances.c.record).label("word"),
        ).where(among(conn, clearances.c.digest, wanted))
    ).all()
    words = {row.digest: word_of(row.word, row.gate_id) for row in found}
    by_digest = _effects(conn, wanted) if found else {}
    going_on = _runs_that_go_on(conn, words.values())
    earlier = _earlier_answers(conn, [row for row in found if row.gate_id and row.attempt > 1])
    return {
        row.digest: ClearedPlan(
            words[row.digest],
            row.gate_id,
            row.cleared_at,
            row.attempt,
            by_digest.get(row.digest, {}),
            _is_of_run(words[row.digest], going_on),
            row.said_at,
            earlier[row.digest],
        )
        for row in found
    }


def _is_of_run(word: PlanCleared | PlanDecided, going_on: Collection[tuple[str, UUID]]) -> bool:
    return word.run is not None and (word.run.thread_id, word.plan_id) in going_on


def words_of(conn: Connection, digests: Collection[str]) -> dict[str, PlanCleared | PlanDecided]:
    """What cleared the plans of these digests, by digest."""
    if not digests:
        return {}
    found = conn.execute(
        select(clearances.c.digest, clearances.c.gate_id, whole(clearances.c.record).label("word")).where(
            among(conn, clearances.c.digest, digests)
        )
    )
    return {row.digest: word_of(row.word, row.gate_id) for row in found}


def word_of(record: str, gate_id: UUID | None) -> PlanCleared | PlanDecided:
    """What cleared a plan, out of its row: a verdict where it has a gate, else the router's word."""
    return read(record, PlanDecided) if gate_id else read(record, PlanCleared)


def _effects(conn: Connection, digests: list[str]) -> dict[str, dict[str, KnownEffect]]:
    same = and_(
        effects.c.plan_id == clearances.c.plan_id,
        effects.c.step_id == cleared_steps.c.step_id,
        effects.c.step_digest == cleared_steps.c.step_digest,
    )
    found = conn.execute(
        select(cleared_steps.c.digest, effects)
        .join_from(cleared_steps, clearances, clearances.c.digest == cleared_steps.c.digest)
        .join(effects, same)
        .where(among(conn, cleared_steps.c.digest, digests))
    )
    known: dict[str, dict[str, KnownEffect]] = {}
    for row in found:
        told = KnownEffect(row.effect_id, row.state, row.executor, row.result, row.token > 0, row.detail)
        known.setdefault(row.digest, {})[row.step_id] = told
    return known


def _earlier_answers(
    conn: Connection, renewed: Sequence[Row[*tuple[Any, ...]]]
) -> defaultdict[str, dict[int, PlanDecided]]:
    """What was answered of these digests, by attempt; a reviewer may have edited what was asked."""
    answered: defaultdict[str, dict[int, PlanDecided]] = defaultdict(dict)
    if renewed:
        verdicts = select(gates.c.attempt, whole(gates.c.verdict).label("verdict")).where(
            among(conn, gates.c.plan_id, {row.plan_id for row in renewed}),
            gates.c.kind == "PLAN",
            gates.c.timing == "BEFORE",
            gates.c.state.not_in(["PENDING", "SUPERSEDED"]),
        )
        for row in conn.execute(verdicts):
            said = read(row.verdict, PlanDecided)
            if said.execute or row.attempt not in answered[said.digest]:
                answered[said.digest][row.attempt] = said
    return answered


def _runs_that_go_on(conn: Connection, words: Iterable[PlanCleared | PlanDecided]) -> set[tuple[str, UUID]]:
    """Threads whose runs have not ended, and the plans at which they are: to hear a word on it, or to act."""
    threads = sorted({word.run.thread_id for word in words if word.run})
    if not threads:
        return set()
    wanted = select(runs.c.thread_id, runs.c.plan_id).where(
        among(conn, runs.c.thread_id, threads),
        runs.c.plan_id.is_not(None),
        runs.c.status.in_(["PAUSED", "READY", "RUNNING", "IN_DOUBT"]),
    )
    return {(row.thread_id, row.plan_id) for row in conn.execute(wanted)}
