"""What was said about plans before they ran, apart from how their runs ended."""

from collections.abc import Collection
from typing import NamedTuple
from uuid import UUID

import msgspec
from sqlalchemy import Connection, func, select

from gate_store.dialects import among, on_postgres, whole
from gate_store.superseding import ASKS_BEFORE
from gate_store.tables import clearances, gates

CLEARED = "CLEARED"  # nobody had to be asked


class Decided(NamedTuple):
    """The state of a plan's newest gate, and who closed it; CLEARED where it never had one."""

    state: str
    by: str | None


class _Verdict(msgspec.Struct):
    decided_by: str


def decided_on(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, Decided]:
    """Of each plan that was asked about or cleared; of none where this user may not read gates."""
    if not plan_ids or not _may_read_gates(conn):
        return {}
    asked = conn.execute(
        select(gates.c.plan_id, gates.c.state, whole(gates.c.verdict).label("verdict"))
        .where(among(conn, gates.c.plan_id, plan_ids), *ASKS_BEFORE)
        .order_by(gates.c.revision, gates.c.attempt)
    )
    unasked = conn.execute(
        select(clearances.c.plan_id).where(
            among(conn, clearances.c.plan_id, plan_ids), clearances.c.gate_id.is_(None)
        )
    )
    found = {row.plan_id: Decided(CLEARED, None) for row in unasked}
    return found | {row.plan_id: Decided(row.state, _who(row.verdict)) for row in asked}


def _may_read_gates(conn: Connection) -> bool:
    """An agent's login sees its own runs alone."""
    if not on_postgres(conn):
        return True
    return bool(conn.execute(select(func.has_table_privilege("gates", "SELECT"))).scalar())


def _who(verdict: str | None) -> str | None:
    return msgspec.json.decode(verdict, type=_Verdict).decided_by if verdict else None
