"""A service's step begins after those that stand before it. The engine keeps the same rule for runs."""

from uuid import UUID

from sqlalchemy import Connection, and_, select

from gate_store.dialects import among
from gate_store.engine.port import OutOfOrderError
from gate_store.tables import cleared_steps, effects


def refuse_out_of_order(conn: Connection, plan_id: UUID, digest: str, step_id: str) -> None:
    """Raise OutOfOrderError where a step that stands before this one has not begun with its cleared content.

    A step that an older revision began waited for what stood before it there: what stands before it here is
    looked at too. A step that the version before cleared waits for none.
    """
    before = (
        select(cleared_steps.c.step_id, cleared_steps.c.after, effects.c.digest.label("begun_as"))
        .outerjoin_from(
            cleared_steps,
            effects,
            and_(
                effects.c.plan_id == plan_id,
                effects.c.step_id == cleared_steps.c.step_id,
                effects.c.step_digest == cleared_steps.c.step_digest,
            ),
        )
        .where(cleared_steps.c.digest == digest)
    )
    own = select(cleared_steps.c.after).where(
        cleared_steps.c.digest == digest, cleared_steps.c.step_id == step_id
    )
    waiting: list[str] = conn.execute(own).scalar() or []
    seen: set[str] = set()
    while waiting:
        found = {
            row.step_id: row
            for row in conn.execute(before.where(among(conn, cleared_steps.c.step_id, waiting)))
        }
        for name in waiting:
            if found[name].begun_as is None:
                raise OutOfOrderError(step_id, name)
        seen.update(waiting)
        older = [row for row in found.values() if row.begun_as != digest]
        waiting = list(dict.fromkeys(name for row in older for name in row.after or () if name not in seen))
