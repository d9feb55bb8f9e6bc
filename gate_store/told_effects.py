"""What outcomes tell of the effects of services: noted in the ledger."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from gate_events.digest import step_digest
from gate_events.records import PlanExecuted, StepResult
from gate_events.shown import words_of
from gate_events.values import Step
from gate_events.words import StepStatus
from gate_store import outbox
from gate_store.bulk import insert_new, update_rows
from gate_store.cleared_plans import ClearedPlan, KnownEffect, cleared_plans
from gate_store.doubted import ASKED_BEFORE
from gate_store.doubts import end_doubts, open_doubts
from gate_store.effect_keys import Content, keys_in_force
from gate_store.plain_text import storable
from gate_store.tables import effects

WindowKeys = Callable[[Sequence[Step]], Mapping[str, str]]
"""The catalogue's effect keys by step_id, of the steps that have one."""

# What a later attempt may still say something new about.
_NOT_DONE = (StepStatus.FAILED.value, StepStatus.IN_DOUBT.value, "RETRY")
_SAID_ANEW = ("effect_id", "state", "executor", "detail", "result", "finished_at")

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Executed:
    """An outcome, what was cleared under its digest, and when it was heard of, by the broker or by us."""

    outcome: PlanExecuted
    plan: ClearedPlan
    heard_at: datetime

    def within(self, moment: datetime) -> datetime:
        """The moment that a record tells, after the clearance and before it was heard of."""
        return min(max(moment, self.plan.cleared_at), self.heard_at)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two outcomes of one attempt that do not agree on what happened."""

    first: PlanExecuted
    second: PlanExecuted
    plan: ClearedPlan


class _Doubted(NamedTuple):
    """A step of which an outcome does not say what happened, and what is known."""

    outcome: PlanExecuted
    step: Step
    known: str


def note_told(
    conn: Connection,
    told: Iterable[Executed | Contradiction],
    now: datetime,
    window_keys: WindowKeys,
) -> None:
    """Note what services without the ledger did, in the order in which it was told of each plan.

    A later attempt tells of what the one before left open. Of two outcomes that differ neither is believed: a
    human says what happened.
    """
    first, *later = _one_of_each_plan(told) or [[]]
    _note_some(conn, first, now, window_keys)
    for some in later:  # those before have left their effects
        plans = cleared_plans(conn, {each.plan.word.digest for each in some})
        again = [replace(each, plan=plans[each.plan.word.digest]) for each in some]
        _note_some(conn, again, now, window_keys)


def _note_some(
    conn: Connection, told: Sequence[Executed | Contradiction], now: datetime, window_keys: WindowKeys
) -> None:
    executed = [each for each in told if isinstance(each, Executed) and not each.plan.by_ledger]
    _note(conn, executed, now, window_keys)
    _doubt(conn, [each for each in told if isinstance(each, Contradiction)], now)


def _doubt(conn: Connection, contradictions: Sequence[Contradiction], now: datetime) -> None:
    doubted = [found for each in contradictions for found in _differences(each)]
    if not doubted:
        return
    told = [_row(each.outcome, each.step, StepStatus.IN_DOUBT, each.known, None, now) for each in doubted]
    rows = _with_keys(conn, told)
    insert_new(conn, effects, rows, "effect_id")
    names = ("effect_id", "step_digest", "state", "detail", "finished_at")
    changed = [{name: row[name] for name in names} for row in rows]
    told_here = effects.c.token == 0
    update_rows(conn, effects, changed, ["effect_id", "step_digest"], told_here, doubt_id=ASKED_BEFORE)


def _one_of_each_plan(said: Iterable[Executed | Contradiction]) -> list[list[Executed | Contradiction]]:
    """In order, and in as few groups as may be: what is said of one plan follows on what was said before."""
    groups: list[list[Executed | Contradiction]] = []
    of_plan: Counter[UUID] = Counter()
    for each in said:
        place = of_plan[each.plan.word.plan_id]
        of_plan[each.plan.word.plan_id] += 1
        if place == len(groups):
            groups.append([])
        groups[place].append(each)
    return groups


def _note(conn: Connection, executed: Sequence[Executed], now: datetime, window_keys: WindowKeys) -> None:
    told = [row for each in executed for row in _rows(each, window_keys(each.plan.word.steps))]
    rows = _with_keys(conn, told)
    insert_new(conn, effects, rows, "effect_id")
    known = {each.outcome.plan_id: each.plan.effects for each in executed}
    settled: set[Content] = set()
    for state in _NOT_DONE:
        news = [row for row in rows if _is_news(row, known[row["plan_id"]], state)]
        _say_anew(conn, news, known, state)
        if state == StepStatus.IN_DOUBT.value:
            settled = {_content(row) for row in news}
    outbox.put(conn, end_doubts(conn, open_doubts(conn, settled), now), now)


def _is_news(row: Row, known: Mapping[str, KnownEffect], state: str) -> bool:
    before = known.get(row["step_id"])
    return before is not None and before.state == state != row["state"]


def _say_anew(
    conn: Connection, news: Sequence[Row], known: Mapping[UUID, Mapping[str, KnownEffect]], state: str
) -> None:
    changed = [
        {
            **{name: row[name] for name in _SAID_ANEW},
            "effect_id": known[row["plan_id"]][row["step_id"]].effect_id,
        }
        for row in news
    ]
    as_known = (effects.c.token == 0, effects.c.state == state)
    update_rows(conn, effects, changed, ["effect_id"], *as_known, doubt_id=ASKED_BEFORE)


def _with_keys(conn: Connection, rows: Sequence[Row]) -> list[Row]:
    """The rows with their effects' ids: a step may have had other content in another revision."""
    contents = [_content(row) for row in rows]
    keys = keys_in_force(conn, contents) if contents else {}
    return [{"effect_id": keys[content], **row} for content, row in zip(contents, rows, strict=True)]


def _content(row: Row) -> Content:
    return Content(row["plan_id"], row["step_id"], row["step_digest"])


def _differences(both: Contradiction) -> Iterator[_Doubted]:
    first, second = (_statuses(each) for each in (both.first, both.second))
    for step in both.plan.word.steps:
        before, after = first.get(step.step_id), second.get(step.step_id)
        if before is not after:
            said = [status.value if status else StepStatus.SKIPPED.value for status in (before, after)]
            known = f"{both.first.executor} said {said[0]}, then {both.second.executor} said {said[1]}"
            yield _Doubted(both.second, step, known)


def _statuses(told: PlanExecuted) -> dict[str, StepStatus]:
    return {each.step_id: each.status for each in told.results if each.status is not StepStatus.SKIPPED}


def _rows(each: Executed, keys: Mapping[str, str]) -> Iterator[Row]:
    steps = {step.step_id: step for step in each.plan.word.steps}
    for result in each.outcome.results:
        step = steps.get(result.step_id)
        if step is not None and result.status is not StepStatus.SKIPPED:
            told = (
                result.status,
                _detail(each.outcome, result),
                result.result,
                each.within(result.finished_at),
            )
            yield _row(each.outcome, step, *told, window_key=keys.get(step.step_id))


def _detail(outcome: PlanExecuted, result: StepResult) -> str:
    """The executor's words; those about a doubt are quoted as its own, since a question repeats them."""
    if not result.status.in_doubt:
        return result.detail
    said = words_of(outcome.executor, result.detail)
    return storable(said) if result.detail else f"{outcome.executor} cannot tell"


def _row(
    outcome: PlanExecuted,
    step: Step,
    status: StepStatus,
    detail: str,
    result: Any,
    at: datetime,
    window_key: str | None = None,
) -> Row:
    return {
        "plan_id": outcome.plan_id,
        "digest": outcome.digest,
        "step_id": step.step_id,
        "step_digest": step_digest(outcome.plan_id, step),
        "action_type": step.action_type,
        "thread_id": None,
        "token": 0,
        "executor": storable(outcome.executor),
        "state": "IN_DOUBT" if status.in_doubt else status.value,
        "window_key": window_key,
        "attempts": 1,
        "detail": storable(detail),
        "result": result,
        "claimed_at": at,
        "finished_at": None if status.in_doubt else at,
    }
