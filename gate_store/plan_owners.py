"""Whose plan id it is, and which revisions of a plan are known. An owner is claimed while nothing is signed.

A plan id belongs to the proposer and the agent of its first record, or to the run that asked it.
"""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gate_events.digest import plan_digest
from gate_events.names import name_key
from gate_events.records import ApprovalRequested, PlanCleared, PlanDecided, PlanProposed
from gate_store.bulk import insert_new
from gate_store.dialects import among, read, whole
from gate_store.superseding import ASKS_BEFORE
from gate_store.tables import clearances, gates, revisions

PlanRecord = ApprovalRequested | PlanCleared


@dataclass(slots=True)
class Owner:
    """Who may say something about a plan id, and what was said: digests by revision."""

    proposer: str
    agent: str
    thread_id: str | None
    digests: dict[int, str] = field(default_factory=dict)

    @property
    def last(self) -> int:
        """The newest revision that is known."""
        return max(self.digests)

    def objection(self, record: PlanRecord) -> str | None:
        """Why this record may not speak about the plan; None: it may."""
        thread = record.run.thread_id if record.run else None
        if thread != self.thread_id:
            whose = f"the run {self.thread_id}" if self.thread_id else "a service, which has no run"
            return f"plan {record.plan_id} is of {whose}: nothing else answers or revises it"
        if (name_key(record.proposer), name_key(record.agent.name)) != (self.proposer, self.agent):
            return (
                f"plan {record.plan_id} was first proposed by {self.proposer} for agent {self.agent}:"
                " propose under a plan id of your own"
            )
        known = self.digests.get(record.revision)
        if known is not None and known != record.digest:
            return (
                f"revision {record.revision} of plan {record.plan_id} has other content already:"
                f" propose it as revision {self.last + 1}"
            )
        return None


def owner_of(record: PlanRecord) -> Owner:
    """The owner that a plan's first record makes."""
    thread = record.run.thread_id if record.run else None
    return Owner(
        name_key(record.proposer), name_key(record.agent.name), thread, {record.revision: record.digest}
    )


def owners(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, Owner]:
    """The owners of those plan ids that are known."""
    found = conn.execute(
        select(revisions).where(among(conn, revisions.c.plan_id, plan_ids)).order_by(revisions.c.revision)
    )
    known: dict[UUID, Owner] = {}
    for row in found:
        owner = known.setdefault(row.plan_id, Owner(row.proposer, row.agent, row.thread_id))
        owner.digests[row.revision] = row.digest
    unknown = set(plan_ids) - known.keys()
    return known | _before_revisions(conn, unknown)


def note_revisions(conn: Connection, records: Iterable[PlanRecord], now: datetime) -> None:
    """Keep what each revision of a plan holds, and who said so; what is known stays."""
    _note(conn, [_row(record, record.digest, now) for record in records])


def note_proposed(conn: Connection, proposals: Iterable[PlanProposed], now: datetime) -> None:
    """The same for what the store proposes itself, before anybody hears of it. Raises UnencodableError."""
    digests = ((each, plan_digest(each.plan_id, each.revision, each.steps, each.run)) for each in proposals)
    _note(conn, [_row(each, digest, now) for each, digest in digests])


def _note(conn: Connection, rows: Sequence[dict[str, Any]]) -> None:
    insert_new(conn, revisions, rows, "plan_id", "revision")


def asked_and_cleared(conn: Connection, plan_ids: Collection[UUID]) -> list[PlanRecord]:
    """What was asked before it ran, and what was cleared without a gate, of these plans, by revision."""
    if not plan_ids:
        return []
    asked = conn.execute(
        select(whole(gates.c.request)).where(among(conn, gates.c.plan_id, plan_ids), *ASKS_BEFORE)
    ).scalars()
    cleared = conn.execute(
        select(whole(clearances.c.record)).where(
            among(conn, clearances.c.plan_id, plan_ids), clearances.c.gate_id.is_(None)
        )
    ).scalars()
    records: list[PlanRecord] = [read(each, ApprovalRequested) for each in asked]
    records += [read(each, PlanCleared) for each in cleared]
    return sorted(records, key=lambda each: each.revision)


def as_edited(conn: Connection, plan_ids: Collection[UUID]) -> list[PlanDecided]:
    """The verdicts that let these plans run as a reviewer edited them."""
    if not plan_ids:
        return []
    found = conn.execute(
        select(whole(clearances.c.record))
        .join_from(clearances, gates, clearances.c.gate_id == gates.c.gate_id)
        .where(among(conn, clearances.c.plan_id, plan_ids), clearances.c.revision > gates.c.revision)
    ).scalars()
    return [read(each, PlanDecided) for each in found]


def _before_revisions(conn: Connection, plan_ids: Collection[UUID]) -> dict[UUID, Owner]:
    """Plans from before revisions were noted, by what was asked and cleared."""
    known: dict[UUID, Owner] = {}
    for record in asked_and_cleared(conn, plan_ids):
        known.setdefault(record.plan_id, owner_of(record)).digests[record.revision] = record.digest
    return known


def _row(record: PlanRecord | PlanProposed, digest: str, now: datetime) -> dict[str, Any]:
    return {
        "plan_id": record.plan_id,
        "revision": record.revision,
        "digest": digest,
        "proposer": name_key(record.proposer),
        "agent": name_key(record.agent.name),
        "thread_id": record.run.thread_id if record.run else None,
        "recorded_at": now,
    }
