"""Which effect of a plan's step is meant: the same step id may have had other content in another revision."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from sqlalchemy import Connection, select

from gate_events.digest import step_digest
from gate_events.ids import effect_key, key_in_force
from gate_events.values import Step
from gate_store.dialects import among
from gate_store.tables import clearances, effects


class Content(NamedTuple):
    """A step of a plan as it was approved."""

    plan_id: UUID
    step_id: str
    digest: str

    @classmethod
    def of(cls, plan_id: UUID, step: Step) -> "Content":
        """Raises UnencodableError."""
        return cls(plan_id, step.step_id, step_digest(plan_id, step))


def keys_in_force(conn: Connection, contents: Iterable[Content]) -> dict[Content, UUID]:
    """The idempotency keys; what the ledger has not seen comes first in the order given."""
    wanted = list(contents)
    ids = {effect_key(each.plan_id, each.step_id) for each in wanted}
    found = conn.execute(
        select(effects.c.effect_id, effects.c.step_digest).where(among(conn, effects.c.effect_id, ids))
    )
    first = {row.effect_id: row.step_digest for row in found}
    keys = {}
    for each in wanted:
        seen = first.setdefault(effect_key(each.plan_id, each.step_id), each.digest)
        keys[each] = key_in_force(*each, first=seen)
    return keys


class EarlierEffect(NamedTuple):
    """What was done of a step as an earlier revision had it."""

    revision: int
    step_id: str
    action_type: str
    state: str
    detail: str


def earlier_effects(conn: Connection, digests: Mapping[str, UUID]) -> dict[str, list[EarlierEffect]]:
    """By digest, what the ledger has of its plan under other digests; for questions about later revisions.

    `digests` are plan ids by digest.
    """
    if not digests:
        return {}
    found = conn.execute(
        select(
            effects.c.plan_id,
            effects.c.digest,
            clearances.c.revision,
            effects.c.step_id,
            effects.c.action_type,
            effects.c.state,
            effects.c.detail,
        )
        .join_from(effects, clearances, effects.c.digest == clearances.c.digest)
        .where(among(conn, effects.c.plan_id, set(digests.values())))
        .order_by(clearances.c.revision, effects.c.claimed_at, effects.c.step_id)
    ).all()
    return {
        digest: [EarlierEffect(*told) for plan, other, *told in found if plan == plan_id and other != digest]
        for digest, plan_id in digests.items()
    }
