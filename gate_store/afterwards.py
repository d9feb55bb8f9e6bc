"""What follows from a plan that is both cleared and executed, whichever was heard of first."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, delete, select, update

from gate_events.digest import review_digest, step_digest
from gate_events.ids import derived, request_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanExecuted
from gate_events.values import Finding, Step
from gate_events.words import RequestKind, StepStatus, Timing
from gate_store import outbox
from gate_store.bulk import insert_new
from gate_store.cleared_plans import ClearedPlan, cleared_plans, has_run
from gate_store.doubts import doubt_about, note_doubt, settle_doubts
from gate_store.effect_keys import Content, keys_in_force
from gate_store.executions import asked_after, outcomes_came
from gate_store.plain_text import storable
from gate_store.superseding import overtaken
from gate_store.tables import effects, plan_outcomes
from gate_store.uncounted_outcomes import KEPT_BY, Heard, Key, says, set_aside, waiting_outcomes
from gate_store.verdicts import later

WindowKeys = Callable[[Sequence[Step]], Mapping[str, str]]
"""The catalogue's effect keys by step_id, of the steps that have one."""

# What a later attempt may still say something new about.
_NOT_DONE = (StepStatus.FAILED.value, StepStatus.IN_DOUBT.value, "RETRY")


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two outcomes of one attempt that do not agree on what happened."""

    first: PlanExecuted
    second: PlanExecuted


@dataclass(frozen=True, slots=True)
class _Executed:
    outcome: PlanExecuted
    plan: ClearedPlan


def no_window_keys(steps: Sequence[Step]) -> Mapping[str, str]:
    """Without a catalogue no step has an effect key."""
    del steps
    return {}


def follow_outcomes(
    conn: Connection,
    told: Iterable[PlanExecuted],
    plans: Mapping[str, ClearedPlan],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
    contradictions: Sequence[Contradiction] = (),
) -> None:
    """Note the effects of services in the ledger, and ask for the reviews that come after execution."""
    executed = [_Executed(each, plans[each.digest]) for each in told if each.digest in plans]
    noted: set[str] = set()
    for each in executed:
        if not each.plan.by_ledger:
            digest = each.outcome.digest
            # an attempt of the same batch has left its effects
            plan = cleared_plans(conn, [digest])[digest] if digest in noted else each.plan
            _note_effects(conn, _Executed(each.outcome, plan), now, window_keys)
            noted.add(digest)
    for one in contradictions:
        _doubt(conn, one, plans[one.second.digest], now)
    asked = asked_after(conn, [each.outcome for each in executed])
    outcomes_came(conn, [each.outcome for each in executed])
    reviews = (_review(each) for each in executed if each.outcome.digest not in asked)
    outbox.put(conn, [review for review in reviews if review], now)


def follow_clearances(
    conn: Connection,
    digests: Collection[str],
    plan_ids: Collection[UUID],
    now: datetime,
    window_keys: WindowKeys = no_window_keys,
) -> None:
    """The same for outcomes that were heard of before their plan was cleared.

    What cannot be true of the plan is set aside: it may not stand in the place of a true outcome. Of those
    that are left and differ, none is believed.
    """
    waiting = waiting_outcomes(conn, digests, plan_ids)
    if not waiting:
        return
    plans = cleared_plans(conn, {heard.told.digest for heard in waiting})
    sound: dict[Key, list[Heard]] = {}
    aside: list[tuple[Heard, str]] = []
    for heard in waiting:
        if why := _objection(heard, plans[heard.told.digest]):
            aside.append((heard, why))
        else:
            sound.setdefault(heard.key, []).append(heard)
    first = {key: heard[0] for key, heard in sound.items()}
    _keep(conn, {heard.key for heard in waiting}, first)
    set_aside(conn, aside)
    others = [(first[key].told, heard.told) for key, found in sound.items() for heard in found[1:]]
    contradictions = [Contradiction(one, other) for one, other in others if says(one) != says(other)]
    told = [heard.told for heard in first.values()]
    follow_outcomes(conn, told, plans, now, window_keys, contradictions)
    outbox.put(conn, overtaken(conn, plan_ids), now)


def _objection(heard: Heard, plan: ClearedPlan) -> str | None:
    if heard.told.attempt > plan.attempt:
        return f"nobody asked for attempt {heard.told.attempt} at this plan"
    # a verdict is told when it clears, so that this was early, unless the broker's moment tells of a replay;
    # the router's word may be late here
    since = plan.cleared_at if plan.gate_id else None
    return plan.objection(heard.told, heard.said_at or since)


def _keep(conn: Connection, keys: Collection[Key], first: Mapping[Key, Heard]) -> None:
    """What is kept has no revision: it is never changed, but may make place."""
    for plan_id, digest, attempt in keys:
        kept = (plan_outcomes.c.plan_id == plan_id, plan_outcomes.c.digest == digest)
        conn.execute(delete(plan_outcomes).where(*kept, plan_outcomes.c.attempt == attempt))
    insert_new(conn, plan_outcomes, [outcome_row(heard) for heard in first.values()], *KEPT_BY)


def outcome_row(heard: Heard) -> dict[str, Any]:
    """The row of an outcome that is kept."""
    told = heard.told
    return {
        "plan_id": told.plan_id,
        "digest": told.digest,
        "attempt": told.attempt,
        "event_id": told.event_id,
        "status": told.status.value,
        "recorded_at": heard.recorded_at,
        "said_at": heard.said_at,
        "record": told,
    }


def _note_effects(conn: Connection, each: _Executed, now: datetime, window_keys: WindowKeys) -> None:
    """What a service without the ledger did. A later attempt tells of what the one before left open."""
    rows = _with_keys(conn, list(_effect_rows(each, window_keys(each.plan.word.steps))))
    steps = {step.step_id: step for step in each.plan.word.steps}
    insert_new(conn, effects, rows, "effect_id")
    for row in rows:
        known = each.plan.effects.get(row["step_id"])
        if known is not None and known.state in _NOT_DONE and known.state != row["state"]:
            changed = {name: row[name] for name in ("state", "executor", "detail", "result", "finished_at")}
            told = update(effects).where(effects.c.effect_id == known.effect_id, effects.c.token == 0)
            conn.execute(told.where(effects.c.state == known.state).values(**changed))
            if known.state == StepStatus.IN_DOUBT.value:
                outbox.put(conn, settle_doubts(conn, row["plan_id"], steps[row["step_id"]], now), now)
    for result in each.outcome.results:
        if result.status.in_doubt and result.step_id in steps:
            known_by = result.detail or f"{each.outcome.executor} cannot tell"
            _ask(conn, each.outcome, steps[result.step_id], known_by, now)


def _with_keys(conn: Connection, rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The rows with their effects' ids: a step may have had other content in another revision."""
    contents = [Content(row["plan_id"], row["step_id"], row["step_digest"]) for row in rows]
    keys = keys_in_force(conn, contents)
    return [{"effect_id": keys[content], **row} for content, row in zip(contents, rows, strict=True)]


def _ask(conn: Connection, outcome: PlanExecuted, step: Step, known: str, now: datetime) -> None:
    """Ask about a step that is in doubt still."""
    doubted = select(effects.c.effect_id).where(
        effects.c.plan_id == outcome.plan_id,
        effects.c.step_id == step.step_id,
        effects.c.step_digest == step_digest(outcome.plan_id, step),
        effects.c.state == "IN_DOUBT",
    )
    if key := conn.execute(doubted).scalar():
        request = doubt_about(conn, outcome.digest, step, known, now)
        note_doubt(conn, key, request)
        outbox.put(conn, [request], now)


def _doubt(conn: Connection, both: Contradiction, plan: ClearedPlan, now: datetime) -> None:
    """Of two outcomes that differ neither is believed: a human says what happened."""
    first, second = (_statuses(each) for each in (both.first, both.second))
    for step in plan.word.steps:
        before, after = first.get(step.step_id), second.get(step.step_id)
        if before is after:
            continue
        said = [status.value if status else StepStatus.SKIPPED.value for status in (before, after)]
        known = f"{both.first.executor} said {said[0]}, then {both.second.executor} said {said[1]}"
        told = _effect_row(both.second, step, StepStatus.IN_DOUBT, known, None, now)
        (row,) = _with_keys(conn, [{**told, "window_key": None}])
        insert_new(conn, effects, [row], "effect_id")
        doubted = update(effects).where(
            effects.c.effect_id == row["effect_id"],
            effects.c.step_digest == row["step_digest"],
            effects.c.token == 0,
        )
        conn.execute(doubted.values(state="IN_DOUBT", detail=storable(known), finished_at=None))
        _ask(conn, both.second, step, known, now)


def _statuses(told: PlanExecuted) -> dict[str, StepStatus]:
    return {each.step_id: each.status for each in told.results if each.status is not StepStatus.SKIPPED}


def _effect_rows(each: _Executed, keys: Mapping[str, str]) -> Iterator[dict[str, Any]]:
    steps = {step.step_id: step for step in each.plan.word.steps}
    for result in each.outcome.results:
        step = steps.get(result.step_id)
        if step is not None and result.status is not StepStatus.SKIPPED:
            at, told = result.finished_at, (result.status, result.detail, result.result)
            yield {**_effect_row(each.outcome, step, *told, at), "window_key": keys.get(step.step_id)}


def _effect_row(
    outcome: PlanExecuted, step: Step, status: StepStatus, detail: str, result: Any, at: datetime
) -> dict[str, Any]:
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
        "attempts": 1,
        "detail": storable(detail),
        "result": result,
        "claimed_at": at,
        "finished_at": None if status.in_doubt else at,
    }


def _review(each: _Executed) -> ApprovalRequested | None:
    """The question afterwards. A late execution gives the reviewer as much time as an early one."""
    cleared, outcome = each.plan.word, each.outcome
    if not isinstance(cleared, PlanCleared) or not has_run(outcome):
        return None
    return review_of(cleared, outcome.executed_at, outcome.attempt)


def review_of(
    cleared: PlanCleared, at: datetime, attempt: int = 1, findings: tuple[Finding, ...] = ()
) -> ApprovalRequested | None:
    """The review of a cleared plan after its execution; None where none was wanted."""
    if cleared.review is None:
        return None
    gate = request_id(cleared.plan_id, cleared.revision, RequestKind.PLAN, Timing.AFTER, "", attempt)
    terms = cleared.review.terms
    review = msgspec.structs.replace(
        cleared.review,
        terms=msgspec.structs.replace(terms, deadline=later(at, terms.deadline - cleared.cleared_at)),
        findings=(*findings, *cleared.review.findings),
    )
    return ApprovalRequested(
        event_id=derived("requested", gate),
        request_id=gate,
        kind=RequestKind.PLAN,
        timing=Timing.AFTER,
        attempt=attempt,
        plan_id=cleared.plan_id,
        revision=cleared.revision,
        digest=cleared.digest,
        requested_at=at,
        tier=cleared.tier,
        level=cleared.level,
        policy=cleared.policy,
        proposer=cleared.proposer,
        agent=cleared.agent,
        goal=cleared.goal,
        steps=cleared.steps,
        run=cleared.run,
        review=review,
        review_digest=review_digest(review),
    )
