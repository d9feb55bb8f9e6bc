"""How much of what waits one batch would take: each plan and gate has room, and a batch speaks of many."""

from collections.abc import Collection
from uuid import UUID

from sqlalchemy import ColumnElement, Connection, Table, and_, exists, func, or_, select, union_all

from gate_events.words import DecisionKind
from gate_store.dialects import among, word
from gate_store.paging import MOST_BYTES
from gate_store.room import large
from gate_store.tables import clearances, decisions, plan_outcomes, uncounted_outcomes, waiting_plans


class TooMuchAtOnceError(Exception):
    """What waits for the plans of this batch has {size} bytes: take it in parts."""

    def __init__(self, size: int) -> None:
        super().__init__(f"what waits for the plans of this batch has {size} bytes: take it in parts")


def refuse_too_much(conn: Connection, plan_ids: Collection[UUID], gate_ids: Collection[UUID]) -> None:
    """Raise TooMuchAtOnceError where more waits for these plans and gates than fits into memory."""
    superseding = and_(
        decisions.c.kind == DecisionKind.SUPERSEDE.value, among(conn, decisions.c.plan_id, plan_ids)
    )
    cleared = exists().where(
        clearances.c.digest == plan_outcomes.c.digest, clearances.c.plan_id == plan_outcomes.c.plan_id
    )
    waiting: list[tuple[Table, str, tuple[ColumnElement[bool], ...]]] = [
        (
            decisions,
            "record",
            (
                decisions.c.disposition == word("WAITING"),
                or_(among(conn, decisions.c.gate_id, gate_ids), superseding),
            ),
        ),
        (waiting_plans, "body", (among(conn, waiting_plans.c.plan_id, plan_ids),)),
        (plan_outcomes, "record", (among(conn, plan_outcomes.c.plan_id, plan_ids), ~cleared)),
        (uncounted_outcomes, "record", (among(conn, uncounted_outcomes.c.plan_id, plan_ids),)),
    ]
    sizes = [
        select(large(conn, table.c[column]).label("size")).where(*which) for table, column, which in waiting
    ]
    size = conn.execute(select(func.sum(union_all(*sizes).subquery().c.size))).scalar_one()
    if size > MOST_BYTES:
        raise TooMuchAtOnceError(size)
