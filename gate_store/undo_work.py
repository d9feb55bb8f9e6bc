"""What a resumer may execute of undo plans, and what it tells of them. The ledger is that of services."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, exists, or_, select, update

from gate_events.digest import step_digest
from gate_events.ids import outcome_id
from gate_events.records import PlanCleared, PlanDecided, PlanExecuted, StepResult
from gate_events.values import Step
from gate_events.words import OutcomeStatus, StepStatus
from gate_store.clearance_states import attempt_ended, begun_by_word, is_revoked
from gate_store.cleared_plans import word_of
from gate_store.dialects import whole
from gate_store.probing import FOUND
from gate_store.tables import clearances, effects, outbox, plan_outcomes, undo_plans
from gate_store.workers import claimant_is_gone

Word = PlanCleared | PlanDecided


@dataclass(frozen=True, slots=True)
class UndoPlan:
    """An undo plan that is cleared, and the graph whose run it takes back."""

    word: Word
    graph: str
    attempt: int


def undo_plans_to_execute(
    conn: Connection, graphs: Collection[str], now: datetime, after: str = "", limit: int = 100
) -> list[UndoPlan]:
    """Those of runs of these graphs that are cleared and have no outcome, by digest from `after` on.

    None of which a step is in doubt or in somebody's hand, which a newer revision took the place of, or at
    which an executor without the ledger says to be.
    """
    found = conn.execute(
        select(undo_plans.c.graph, clearances.c.attempt, clearances.c.gate_id)
        .add_columns(whole(clearances.c.record).label("record"))
        .join_from(undo_plans, clearances, clearances.c.digest == undo_plans.c.digest)
        .where(undo_plans.c.graph.in_(sorted(graphs)))
        .where(
            undo_plans.c.ended_at.is_(None), ~attempt_ended(), ~is_revoked(), ~begun_by_word(), ~_is_held(now)
        )
        .where(undo_plans.c.digest > after)
        .order_by(undo_plans.c.digest)
        .limit(limit)
    )
    return [UndoPlan(word_of(row.record, row.gate_id), row.graph, row.attempt) for row in found]


def is_in_hand(conn: Connection, plan_id: UUID, step: Step, now: datetime) -> bool:
    """Whether another is at this very step; its effect is locked until the transaction ends.

    An idempotent one, too: what may be repeated is not begun twice at a time.
    """
    of_step = (effects.c.plan_id == plan_id, effects.c.step_id == step.step_id)
    lock = select(effects.c.effect_id).where(*of_step).order_by(effects.c.effect_id).with_for_update()
    conn.execute(lock).all()  # who may not change it sees it below
    held = (effects.c.state == "CLAIMED", effects.c.lease_until > now)
    return conn.execute(select(effects.c.effect_id).where(*of_step, *held)).first() is not None


@dataclass(frozen=True, slots=True)
class DoubtedUndo:
    """A step of an undo plan of which nobody knows whether it happened."""

    effect_id: UUID
    graph: str
    step: Step
    doubt_id: UUID | None
    is_gone: bool  # who began it is known to have ended: what did not happen by now will not


def doubted_undos(
    conn: Connection, probed: Mapping[str, Collection[str]], limit: int = 100
) -> list[DoubtedUndo]:
    """Steps of undo plans in doubt that these graphs have a probe for, by graph and action type."""
    of_graph = [
        (undo_plans.c.graph == graph) & effects.c.action_type.in_(sorted(actions))
        for graph, actions in probed.items()
    ]
    found = conn.execute(
        select(
            effects.c.effect_id,
            effects.c.plan_id,
            effects.c.step_id,
            effects.c.step_digest,
            effects.c.doubt_id,
            undo_plans.c.graph,
            clearances.c.gate_id,
        )
        .add_columns(whole(clearances.c.record).label("record"), claimant_is_gone().label("is_gone"))
        .join_from(effects, undo_plans, undo_plans.c.digest == effects.c.digest)
        .join(clearances, clearances.c.digest == effects.c.digest)
        .where(effects.c.state == "IN_DOUBT", or_(*of_graph))
        .order_by(effects.c.effect_id)
        .limit(limit)
    )
    return [
        DoubtedUndo(row.effect_id, row.graph, step, row.doubt_id, row.is_gone)
        for row in found
        for step in word_of(row.record, row.gate_id).steps
        if step.step_id == row.step_id and step_digest(row.plan_id, step) == row.step_digest
    ]


def settle_undo_by_probe(conn: Connection, doubt: DoubtedUndo, *, happened: bool, now: datetime) -> bool:
    """Write down what a probe found; False: it was settled otherwise meanwhile."""
    state, detail = FOUND[happened]
    settled = (
        update(effects)
        .where(effects.c.effect_id == doubt.effect_id, effects.c.state == "IN_DOUBT")
        .where(effects.c.doubt_id.is_not_distinct_from(doubt.doubt_id))
        .values(state=state, detail=detail, finished_at=now if happened else None)
    )
    return bool(conn.execute(settled).rowcount == 1)


def undo_outcome(conn: Connection, plan: UndoPlan) -> PlanExecuted | None:
    """What the ledger knows of a plan whose steps have ended, or were not begun; None: one has not.

    The ledger alone determines it, so that it is the same record whoever tells it, and however often.
    """
    word = plan.word
    rows = conn.execute(
        select(effects).where(effects.c.plan_id == word.plan_id, effects.c.digest == word.digest)
    ).all()
    by_step = {(row.step_id, row.step_digest): row for row in rows}
    ended = [by_step.get((step.step_id, step_digest(word.plan_id, step))) for step in word.steps]
    begun = [row for row in ended if row is not None]
    if not begun or any(row.finished_at is None for row in begun):
        return None
    last = max(begun, key=lambda row: row.finished_at)
    done = all(row is not None and row.state == "SUCCEEDED" for row in ended)
    return PlanExecuted(
        event_id=outcome_id(word.plan_id, word.digest, plan.attempt),
        plan_id=word.plan_id,
        revision=word.revision,
        digest=word.digest,
        executed_at=last.finished_at,
        executor=last.executor,
        status=OutcomeStatus.DONE if done else OutcomeStatus.FAILED,
        results=tuple(
            _result(step, row, last.finished_at) for step, row in zip(word.steps, ended, strict=True)
        ),
        run=None,
        attempt=plan.attempt,
    )


def is_told(conn: Connection, told: PlanExecuted) -> bool:
    """Whether this outcome waits for Kafka already, or is kept."""
    waits = select(outbox.c.id).where(outbox.c.event_id == told.event_id)
    kept = select(plan_outcomes.c.event_id).where(plan_outcomes.c.event_id == told.event_id)
    return any(conn.execute(each).first() for each in (waits, kept))


def _result(step: Step, row: Any, at: datetime) -> StepResult:
    if row is None:
        return StepResult(step_id=step.step_id, status=StepStatus.SKIPPED, finished_at=at)
    return StepResult(
        step_id=step.step_id,
        status=StepStatus(row.state),
        detail=row.detail,
        result=row.result,
        finished_at=row.finished_at,
    )


def _is_held(now: datetime) -> ColumnElement[bool]:
    """Of a clearance: a step of its plan is in doubt, or another is at it."""
    in_hand = (effects.c.state == "CLAIMED") & (effects.c.lease_until > now)
    return exists().where(
        effects.c.plan_id == clearances.c.plan_id, or_(effects.c.state == "IN_DOUBT", in_hand)
    )
