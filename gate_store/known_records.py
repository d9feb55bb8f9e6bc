"""Which records of the log a store knows: what comes after them on their partition it has not taken yet."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Column, ColumnElement, Connection, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanCleared, PlanExecuted
from gate_events.words import OutcomeStatus
from gate_store.dialects import among
from gate_store.tables import asked_anew, clearances, decisions, gates, plan_outcomes


def are_known(conn: Connection, records: Sequence[Any]) -> list[bool | None]:
    """Per record whether the store took it; None: nothing is to be seen of it.

    What it refused is unknown to it, and what waits in it has led to nothing yet.
    """
    gate_ids = [each.request_id for each in records if type(each) is ApprovalRequested]
    digests = [each.digest for each in records if type(each) is PlanCleared]
    ids = [each.event_id for each in records if type(each) is DecisionMade]
    told = [each.plan_id for each in records if type(each) is PlanExecuted]
    asked = _there(conn, gates.c.gate_id, gate_ids) | _there(conn, asked_anew.c.request_id, gate_ids)
    cleared = _there(conn, clearances.c.digest, digests) | _there(conn, gates.c.digest, digests)
    decided = _there(conn, decisions.c.decision_id, ids, decisions.c.disposition != "WAITING")
    outcomes = _outcomes(conn, told)

    def known(record: Any) -> bool | None:
        match record:
            case ApprovalRequested():
                return record.request_id in asked
            case PlanCleared():
                return record.digest in cleared
            case DecisionMade():
                return record.event_id in decided
            case PlanExecuted() if record.status is OutcomeStatus.BEGUN:
                return None
            case PlanExecuted():
                return (record.plan_id, record.digest, record.attempt) in outcomes
            case _:
                return False

    return [known(record) for record in records]


def _there(
    conn: Connection, column: Column[Any], values: Sequence[Any], *guards: ColumnElement[bool]
) -> set[Any]:
    if not values:
        return set()
    return set(conn.execute(select(column).where(among(conn, column, values), *guards)).scalars())


def _outcomes(conn: Connection, plan_ids: Sequence[Any]) -> set[tuple[Any, ...]]:
    if not plan_ids:
        return set()
    kept = select(plan_outcomes.c.plan_id, plan_outcomes.c.digest, plan_outcomes.c.attempt)
    return {tuple(row) for row in conn.execute(kept.where(among(conn, plan_outcomes.c.plan_id, plan_ids)))}
