"""Doubts of runs that a probe settles after all: the run goes on, and the gatekeeper ends the question."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import Connection, select, update

from gate_events.digest import step_digest
from gate_events.pause import GateAnswer
from gate_events.values import Step
from gate_store.dialects import read, whole
from gate_store.resolving import go_on
from gate_store.tables import effects, runs
from gate_store.unguarded import of_unguarded_plan
from gate_store.workers import claimant_is_gone

FOUND = {
    True: ("SUCCEEDED", "a probe found that it happened"),
    False: ("RETRY", "a probe found that it did not happen"),
}


@dataclass(frozen=True, slots=True)
class Doubted:
    """A step of a resting run, of which nobody knows whether it happened."""

    effect_id: UUID
    thread_id: str
    graph: str
    plan_id: UUID
    step: Step
    doubt_id: UUID | None  # the gate that asks about it
    is_gone: bool  # who began it is known to have ended: what did not happen by now will not


def doubted_steps(
    conn: Connection, action_types: Collection[str], after: UUID | None, limit: int = 100
) -> list[Doubted]:
    """Steps in doubt of these action types, by effect id from `after` on."""
    wanted = (
        select(
            effects.c.effect_id,
            effects.c.step_id,
            effects.c.step_digest,
            effects.c.doubt_id,
            runs.c.thread_id,
            runs.c.graph,
            runs.c.plan_id,
        )
        .add_columns(whole(runs.c.answer).label("answer"), claimant_is_gone().label("is_gone"))
        .join_from(runs, effects, effects.c.plan_id == runs.c.plan_id)
        .where(runs.c.status == "IN_DOUBT", effects.c.state == "IN_DOUBT")
        .where(effects.c.action_type.in_(list(action_types)))
        .where(~of_unguarded_plan())  # what is known of one step answers no question about all of them
        .order_by(effects.c.effect_id)
        .limit(limit)
    )
    found = conn.execute(wanted.where(effects.c.effect_id > after) if after else wanted)
    return [
        Doubted(row.effect_id, row.thread_id, row.graph, row.plan_id, step, row.doubt_id, row.is_gone)
        for row in found
        for step in read(row.answer, GateAnswer).steps
        if step.step_id == row.step_id and step_digest(row.plan_id, step) == row.step_digest
    ]


def settle_by_probe(conn: Connection, doubt: Doubted, *, happened: bool, now: datetime) -> bool:
    """Write down what a probe found; False: it was settled otherwise meanwhile, undo the transaction."""
    state, detail = FOUND[happened]
    settled = (
        update(effects)
        .where(effects.c.effect_id == doubt.effect_id, effects.c.state == "IN_DOUBT")
        .where(effects.c.doubt_id.is_not_distinct_from(doubt.doubt_id))
        .values(state=state, detail=detail, finished_at=now if happened else None)
    )
    if conn.execute(settled).rowcount != 1:
        return False
    go_on(conn, {doubt.thread_id: doubt.plan_id}, now)
    return True
