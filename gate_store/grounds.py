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
        select(clearances.c.digest, clearances.c.gate_id, clearances.c.cleared_at, text)
        .join_from(clearances, gates, clearances.c.gate_id == gates.c.gate_id, isouter=True)
        .where(among(conn, clearances.c.digest, digests))
    )
    return {row.digest: Grounds(row.gate_id, row.cleared_at, row.text) for row in found}


def who_agreed(conn: Connection, gate_id: UUID) -> frozenset[str]:
    """The people by whose decisions a gate was approved, as they were written."""
    found = select(decisions.c.decided_by).where(
        decisions.c.gate_id == gate_id, decisions.c.disposition.in_(_AGREED)
    )
    return frozenset(conn.execute(found).scalars())


def times_asked(conn: Connection, plan_id: UUID, revision: int) -> int:
    """The last attempt at the question whether this revision may run; 0: nobody was asked."""
    last = select(func.max(gates.c.attempt)).where(
        gates.c.plan_id == plan_id,
        gates.c.revision == revision,
        *ASKS_BEFORE,
    )
    return conn.execute(last).scalar() or 0
