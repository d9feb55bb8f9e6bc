"""What may run no more: a newer revision revokes an older clearance none of whose effects has begun.

A begun one ends first, and the newer waits. A revocation is a row, looked at wherever an effect begins.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec.structs import replace
from sqlalchemy import Connection, or_, select

from gate_events.ids import derived
from gate_events.records import PlanCleared, PlanDecided
from gate_events.words import GateState, RequestKind, Timing
from gate_store import outbox
from gate_store.bulk import insert_new
from gate_store.clearance_states import begun, ended, is_revoked
from gate_store.cleared_plans import word_of
from gate_store.dialects import among, whole
from gate_store.plan_owners import PlanRecord
from gate_store.planned_effects import forget_planned
from gate_store.superseding import NEWER_REVISION
from gate_store.tables import clearances, revocations

OLDER_GOES_ON = "revision {} of its plan was begun and has not ended: that ends first"


@dataclass(frozen=True, slots=True)
class _Older:
    """A clearance and the newer plan that takes its place."""

    word: PlanCleared | PlanDecided
    newer: PlanRecord

    @property
    def why(self) -> str:
        return NEWER_REVISION.format(self.newer.revision)


def revoke_older(conn: Connection, newer: Iterable[PlanRecord], now: datetime) -> None:
    """Revoke what services were allowed under older revisions and nobody began, by the ledger.

    No word on `outcomes` that nothing was done, or that somebody is at it, keeps an approval alive. Each is
    told on `verdicts` as SUPERSEDED, and a verdict that waits in the outbox lets nothing run any more. A run
    has no newer revision but an edit's, made before anything is cleared.
    """
    later = sorted((each for each in newer if each.run is None and each.revision > 1), key=_revision)
    last = {each.plan_id: each for each in later}
    if not last:
        return
    # FOR UPDATE: an effect that begins holds its clearance by the foreign key: one waits for the other
    found = conn.execute(
        select(clearances.c.digest, clearances.c.plan_id, clearances.c.revision, clearances.c.gate_id)
        .add_columns(whole(clearances.c.record).label("record"))
        .where(among(conn, clearances.c.plan_id, last))
        .order_by(clearances.c.digest)
        .with_for_update()
    ).all()
    older = [row for row in found if row.revision < last[row.plan_id].revision]
    settled = _begun_or_revoked(conn, [row.digest for row in older])
    revoked = [
        _Older(word_of(row.record, row.gate_id), last[row.plan_id])
        for row in older
        if row.digest not in settled
    ]
    insert_new(conn, revocations, [_row(each, now) for each in revoked], "digest")
    forget_planned(conn, {each.word.digest for each in revoked})
    outbox.put(conn, [*_untold(conn, revoked), *(_superseded(each, now) for each in revoked)], now)


def _untold(conn: Connection, revoked: Iterable[_Older]) -> list[PlanDecided]:
    """Verdicts that Kafka does not have yet, as by a stop, to be said as what lets nothing run."""
    verdicts = [each.word for each in revoked if isinstance(each.word, PlanDecided)]
    waited = outbox.take_back(conn, [word.event_id for word in verdicts])
    return [replace(word, execute=False) for word in verdicts if word.event_id in waited]


def why_revoked(conn: Connection, digest: str) -> str | None:
    """Why this plan may run no more; None: it may."""
    return conn.execute(select(revocations.c.why).where(revocations.c.digest == digest)).scalar()


def under_way(conn: Connection, plan_id: UUID, revision: int) -> int | None:
    """An older revision of the plan that was begun and has not ended: it ends first."""
    older = (
        select(clearances.c.revision)
        .where(clearances.c.plan_id == plan_id, clearances.c.revision < revision)
        .where(begun(), ~ended(), ~is_revoked())
        .order_by(clearances.c.revision)
        .limit(1)
    )
    found: int | None = conn.execute(older).scalar()
    return found


def _revision(record: PlanRecord) -> int:
    return record.revision


def _begun_or_revoked(conn: Connection, digests: list[str]) -> set[str]:
    if not digests:
        return set()
    query = select(clearances.c.digest).where(
        among(conn, clearances.c.digest, digests), or_(begun(), is_revoked())
    )
    return set(conn.execute(query).scalars())


def _row(each: _Older, now: datetime) -> dict[str, Any]:
    return {"digest": each.word.digest, "by_digest": each.newer.digest, "at": now, "why": each.why}


def _superseded(each: _Older, now: datetime) -> PlanDecided:
    """The word to services. The gate, if there was one, stays as it was decided."""
    word, revocation = each.word, derived("revoked", each.word.digest)
    return PlanDecided(
        event_id=derived("verdict", revocation),
        request_id=revocation,
        decision_id=revocation,
        kind=RequestKind.PLAN,
        timing=Timing.BEFORE,
        plan_id=word.plan_id,
        revision=word.revision,
        digest=word.digest,
        state=GateState.SUPERSEDED,
        execute=False,
        steps=word.steps,
        run=None,
        decided_by="gate",
        decided_at=now,
        note=each.why,
    )
