"""What may run: the rows that the effect ledger is held against."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, select

from gate_events.digest import step_digest
from gate_events.order import steps_before
from gate_events.records import PlanCleared, PlanDecided
from gate_store.bulk import insert_new, upsert
from gate_store.dialects import among
from gate_store.lost_steps import doubt_what_is_cleared
from gate_store.plain_text import storable
from gate_store.restores import Restore
from gate_store.tables import clearances, cleared_actions, cleared_steps
from gate_store.undo_plans import note_ended_undo_plans
from gate_store.verdicts import later


@dataclass(frozen=True, slots=True)
class Clearance:
    """A plan that may run, and why: the router's word or a verdict."""

    record: PlanCleared | PlanDecided
    gate_id: UUID | None
    cleared_at: datetime
    use_by: datetime | None
    attempt: int = 1
    said_at: datetime | None = None  # the broker's moment of the router's word

    @property
    def begun_until(self) -> datetime | None:
        """How long a plan that was begun in time may go on: as long again as the verdict holds."""
        return later(self.use_by, self.use_by - self.cleared_at) if self.use_by else None


_RENEWED = ["gate_id", "cleared_at", "use_by", "begun_until", "attempt", "said_at", "record"]


def clear(conn: Connection, cleared: Sequence[Clearance], now: datetime, restore: Restore | None) -> None:
    """Let plans run. A verdict renews an earlier clearance of the same digest; the router's word does not.

    What may have run before the last `restore` of the store begins in doubt.
    """
    words = [_row(each) for each in cleared if each.gate_id is None]
    verdicts = {each.record.digest: _row(each) for each in cleared if each.gate_id is not None}
    insert_new(conn, clearances, words, "digest")
    upsert(conn, clearances, list(verdicts.values()), "digest", _RENEWED)
    note_ended_undo_plans(conn, verdicts.keys(), now)  # one that is asked again goes on
    insert_new(conn, cleared_steps, list(_step_rows(cleared)), "digest", "step_id")
    insert_new(conn, cleared_actions, list(_action_rows(cleared)), "digest", "action_type")
    if restore is not None:
        doubt_what_is_cleared(conn, {each.record.digest for each in cleared}, restore, now)


def new_ones(conn: Connection, cleared: Sequence[PlanCleared]) -> list[PlanCleared]:
    """Those whose digest was not cleared before, each once."""
    by_digest = {each.digest: each for each in reversed(cleared)}
    found = conn.execute(select(clearances.c.digest).where(among(conn, clearances.c.digest, by_digest)))
    there = set(found.scalars())
    return [by_digest[digest] for digest in dict.fromkeys(c.digest for c in cleared) if digest not in there]


def uncleared(conn: Connection, digests: Collection[str]) -> set[str]:
    """Those of the digests that were not cleared before."""
    if not digests:
        return set()
    found = conn.execute(select(clearances.c.digest).where(among(conn, clearances.c.digest, digests)))
    return set(digests) - set(found.scalars())


def _row(each: Clearance) -> dict[str, Any]:
    return {
        "digest": each.record.digest,
        "plan_id": each.record.plan_id,
        "revision": each.record.revision,
        "gate_id": each.gate_id,
        "cleared_at": each.cleared_at,
        "use_by": each.use_by,
        "begun_until": each.begun_until,
        "attempt": each.attempt,
        "said_at": each.said_at,
        "record": each.record,
    }


def _step_rows(cleared: Sequence[Clearance]) -> Iterable[dict[str, Any]]:
    for each in cleared:
        before = steps_before(each.record.steps)
        for step in each.record.steps:
            yield {
                "digest": each.record.digest,
                "step_id": step.step_id,
                "step_digest": step_digest(each.record.plan_id, step),
                "after": before[step.step_id],
            }


def _action_rows(cleared: Sequence[Clearance]) -> Iterable[dict[str, Any]]:
    for each in cleared:
        for action_type in sorted({storable(step.action_type) for step in each.record.steps}):
            yield {"digest": each.record.digest, "action_type": action_type}
