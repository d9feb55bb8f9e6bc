"""What was said about plans before they ran, apart from how their runs ended."""

from collections.abc import Collection
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Column, Connection, Row, func, select

from gate_store.dialects import among, on_postgres, whole
from gate_store.superseding import ASKS_BEFORE
from gate_store.tables import clearances, gates

CLEARED = "CLEARED"  # nobody had to be asked


class Decided(NamedTuple):
    """The state of a plan's newest gate, who closed it and their words; CLEARED where it never had one.

    `attempt` counts the times that the plan was asked about.
    """

    state: str
    by: str | None
    note: str = ""
    attempt: int = 1


class _Verdict(msgspec.Struct):
    decided_by: str
    note: str = ""


def decided_on(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, Decided]:
    """Of each plan that was asked about or cleared, as far as this user may read that.

    An agent's login learns the state of a gate, not whose word it was, nor what was cleared unasked.
    """
    if not plan_ids or not may_read(conn, gates.c.state):
        return {}
    return _unasked(conn, plan_ids) | _asked(conn, plan_ids)


def may_read(conn: Connection, column: Column[object]) -> bool:
    """Whether this user may read a column."""
    if not on_postgres(conn):
        return True
    right = func.has_column_privilege(column.table.name, column.name, "SELECT")
    return bool(conn.execute(select(right)).scalar())


def _asked(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, Decided]:
    columns: list[Any] = [gates.c.plan_id, gates.c.state, gates.c.attempt]
    order = [gates.c.attempt]
    if whole_rows := may_read(conn, gates.c.verdict):
        columns.append(whole(gates.c.verdict).label("verdict"))
        order.insert(0, gates.c.revision)
    found = conn.execute(
        select(*columns).where(among(conn, gates.c.plan_id, plan_ids), *ASKS_BEFORE).order_by(*order)
    )
    return {row.plan_id: _as_decided(row, row.verdict if whole_rows else None) for row in found}


def _unasked(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, Decided]:
    if not may_read(conn, clearances.c.gate_id):
        return {}
    found = conn.execute(
        select(clearances.c.plan_id).where(
            among(conn, clearances.c.plan_id, plan_ids), clearances.c.gate_id.is_(None)
        )
    )
    return {row.plan_id: Decided(CLEARED, None) for row in found}


def _as_decided(gate: Row[*tuple[Any, ...]], verdict: str | None) -> Decided:
    if verdict is None:
        return Decided(gate.state, None, attempt=gate.attempt)
    said = msgspec.json.decode(verdict, type=_Verdict)
    return Decided(gate.state, said.decided_by, said.note, gate.attempt)
