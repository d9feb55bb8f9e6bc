"""What a plan may run by: the router's word, or a question and those who agreed to it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import msgspec
from sqlalchemy import Connection, func, select

from gate_events.records import ApprovalRequested, PlanCleared
from gate_store.dialects import among, read, whole
from gate_store.superseding import ASKS_BEFORE
from gate_store.tables import clearances, decisions, gates

_AGREED = ("COUNTED", "DECIDED")


class _Judged(msgspec.Struct):
    """The little of a long record that most dispatches look at."""

    digest: str
    policy: str


@dataclass(frozen=True, slots=True)
class Grounds:
    """A clearance. `gate_id` None: the router's word, without a gate. `text` is the record behind it."""

    gate_id: UUID | None
    cleared_at: datetime
    attempt: int
    text: str

    def judged_by(self) -> tuple[str, str]:
        """The digest of what was judged (an edited plan has another), and of the catalogue."""
        judged = msgspec.json.decode(self.text, type=_Judged)
        return judged.digest, judged.policy

    def record(self) -> PlanCleared | ApprovalRequested:
        """What the plan was cleared with, or asked with."""
        return read(self.text, ApprovalRequested) if self.gate_id else read(self.text, PlanCleared)


def grounds_of(conn: Connection, digests: Collection[str]) -> dict[str, Grounds]:
    """The clearances of those of these digests that have one."""
    if not digests:
        return {}
    text = func.coalesce(whole(gates.c.request), whole(clearances.c.record)).label("text")
    found = conn.execute(
        select(clearances.c.digest, clearances.c.gate_id, clearances.c.cleared_at, clearances.c.attempt, text)
        .join_from(clearances, gates, clearances.c.gate_id == gates.c.gate_id, isouter=True)
        .where(among(conn, clearances.c.digest, digests))
    )
    return {row.digest: Grounds(row.gate_id, row.cleared_at, row.attempt, row.text) for row in found}


def who_agreed(conn: Connection, gate_ids: Collection[UUID]) -> dict[UUID, frozenset[str]]:
    """The people by whose decisions these gates were approved, as they were written."""
    if not gate_ids:
        return {}
    found = conn.execute(
        select(decisions.c.gate_id, decisions.c.decided_by).where(
            among(conn, decisions.c.gate_id, gate_ids), decisions.c.disposition.in_(_AGREED)
        )
    )
    agreed: dict[UUID, frozenset[str]] = {}
    for row in found:
        agreed[row.gate_id] = agreed.get(row.gate_id, frozenset()) | {row.decided_by}
    return agreed


def times_asked(conn: Connection, plan_ids: Collection[UUID]) -> dict[tuple[UUID, int], int]:
    """By plan and revision, the last attempt at the question whether it may run; what is missing: none."""
    if not plan_ids:
        return {}
    last = (
        select(gates.c.plan_id, gates.c.revision, func.max(gates.c.attempt).label("attempt"))
        .where(among(conn, gates.c.plan_id, plan_ids), *ASKS_BEFORE)
        .group_by(gates.c.plan_id, gates.c.revision)
    )
    return {(row.plan_id, row.revision): row.attempt for row in conn.execute(last)}
