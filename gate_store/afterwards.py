"""What follows from a plan that is both cleared and executed, whichever was heard of first."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Connection, Row, select

from gate_events.digest import step_digest
from gate_events.ids import derived, effect_key, request_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanDecided, PlanExecuted
from gate_events.values import Step
from gate_events.words import OutcomeStatus, RequestKind, StepStatus, Timing
from gate_store import outbox
from gate_store.bulk import insert_new
from gate_store.dialects import among, read, whole
from gate_store.doubts import doubt_about
from gate_store.plain_text import storable
from gate_store.tables import clearances, effects, outcomes
from gate_store.verdicts import later

WindowKeys = Callable[[Sequence[Step]], Mapping[str, str]]
"""The catalogue's effect keys by step_id, of the steps that have one."""


@dataclass(frozen=True, slots=True)
class _Executed:
    outcome: PlanExecuted
    cleared: PlanCleared | PlanDecided


def no_window_keys(steps: Sequence[Step]) -> Mapping[str, str]:
    """Without a catalogue no step has an effect key."""
    del steps
    return {}


def follow_up(
    conn: Connection, plan_ids: Collection[UUID], now: datetime, window_keys: WindowKeys = no_window_keys
) -> None:
    """Note the effects of services in the ledger, and ask for the reviews that come after execution."""
    executed = _executed(conn, plan_ids)
    insert_new(conn, effects, list(_effect_rows(executed, window_keys)), "effect_id")
    outbox.put(conn, _doubts(conn, executed, now), now)
    outbox.put(conn, [asked for each in executed if (asked := _review(each))], now)


def _doubts(conn: Connection, executed: Iterable[_Executed], now: datetime) -> list[ApprovalRequested]:
    """What a service could not tell of its own effects, a human is asked."""
    told = {
        effect_key(each.outcome.plan_id, result.step_id): (each, result)
        for each in executed
        for result in each.outcome.results
        if result.status.in_doubt and each.outcome.run is None
    }
    if not told:
        return []
    open_still = select(effects.c.effect_id).where(
        among(conn, effects.c.effect_id, told), effects.c.state == "IN_DOUBT"
    )
    asked = []
    for key in conn.execute(open_still).scalars():
        each, result = told[key]
        step = next((one for one in each.cleared.steps if one.step_id == result.step_id), None)
        if step is None:
            continue  # the ledger has it of another revision, which asked about it
        known = result.detail or f"{each.outcome.executor} cannot tell"
        asked.append(doubt_about(conn, each.cleared.digest, step, known, now))
    return asked


def _executed(conn: Connection, plan_ids: Collection[UUID]) -> list[_Executed]:
    if not plan_ids:
        return []
    found = conn.execute(
        select(
            whole(outcomes.c.record).label("outcome"),
            whole(clearances.c.record).label("cleared"),
            clearances.c.gate_id,
        )
        .join_from(outcomes, clearances, outcomes.c.plan_id == clearances.c.plan_id)
        .where(among(conn, outcomes.c.plan_id, plan_ids))
        .order_by(clearances.c.cleared_at)
    )
    pairs = [_Executed(read(row.outcome, PlanExecuted), _cleared(row)) for row in found]
    return [each for each in pairs if each.outcome.digest == each.cleared.digest]


def _cleared(row: Row[*tuple[Any, ...]]) -> PlanCleared | PlanDecided:
    return read(row.cleared, PlanDecided) if row.gate_id else read(row.cleared, PlanCleared)


def _effect_rows(executed: Iterable[_Executed], window_keys: WindowKeys) -> Iterable[dict[str, Any]]:
    for each in executed:
        if each.outcome.run is not None:
            continue  # the resumer's ledger has them
        steps = {step.step_id: step for step in each.cleared.steps}
        keys = window_keys(each.cleared.steps)
        for result in each.outcome.results:
            step = steps.get(result.step_id)
            if step is None or result.status is StepStatus.SKIPPED:
                continue
            yield {
                "effect_id": effect_key(each.outcome.plan_id, step.step_id),
                "plan_id": each.outcome.plan_id,
                "digest": each.cleared.digest,
                "step_id": step.step_id,
                "step_digest": step_digest(each.outcome.plan_id, step),
                "action_type": step.action_type,
                "thread_id": None,
                "token": 0,
                "executor": each.outcome.executor,
                "state": "IN_DOUBT" if result.status.in_doubt else result.status.value,
                "window_key": keys.get(step.step_id),
                "attempts": 1,
                "detail": storable(result.detail),
                "result": result.result,
                "claimed_at": result.finished_at,
                "finished_at": result.finished_at if not result.status.in_doubt else None,
            }


def _review(each: _Executed) -> ApprovalRequested | None:
    """The question afterwards. A late execution gives the reviewer as much time as an early one."""
    cleared, outcome = each.cleared, each.outcome
    if not isinstance(cleared, PlanCleared) or cleared.review is None:
        return None
    if outcome.status is OutcomeStatus.NOT_RUN:
        return None
    gate = request_id(cleared.plan_id, cleared.revision, RequestKind.PLAN, Timing.AFTER)
    terms = cleared.review.terms
    deadline = later(outcome.executed_at, terms.deadline - cleared.cleared_at)
    return ApprovalRequested(
        event_id=derived("requested", gate),
        request_id=gate,
        kind=RequestKind.PLAN,
        timing=Timing.AFTER,
        plan_id=cleared.plan_id,
        revision=cleared.revision,
        digest=cleared.digest,
        requested_at=outcome.executed_at,
        tier=cleared.tier,
        level=cleared.level,
        policy=cleared.policy,
        proposer=cleared.proposer,
        agent=cleared.agent,
        goal=cleared.goal,
        steps=cleared.steps,
        run=cleared.run,
        review=msgspec.structs.replace(
            cleared.review, terms=msgspec.structs.replace(terms, deadline=deadline)
        ),
    )
