"""Which undo plans have ended, so that no resumer looks at them again; and events of runs by their age.

Workers of the version before go on meanwhile: they note no end, and an undo plan without one is looked at.
One of which nothing ran has none: they may clear it once more.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT
from gate_store.tables import UtcMoment

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

_MARK_ENDED = """
    UPDATE undo_plans SET ended_at = (
        SELECT max(o.recorded_at) FROM clearances AS c JOIN plan_outcomes AS o
        ON o.plan_id = c.plan_id AND o.digest = c.digest AND o.attempt >= c.attempt AND o.status <> 'NOT_RUN'
        WHERE c.digest = undo_plans.digest
    ) WHERE ended_at IS NULL
"""


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            _grow("CONCURRENTLY ")
            op.execute("RESET lock_timeout")
        return
    _grow("")


def _grow(concurrently: str) -> None:
    ended_at: sa.Column[object] = sa.Column(
        "ended_at", UtcMoment(), nullable=True, comment="null: it has no outcome that this store knows"
    )
    op.add_column("undo_plans", ended_at, if_not_exists=bool(concurrently))
    op.execute(_MARK_ENDED)
    for name, on in {
        "ix_undo_plans_open": "undo_plans (digest) WHERE ended_at IS NULL",
        "ix_run_events_at": "run_events (at)",
    }.items():
        op.execute(f"DROP INDEX {concurrently}IF EXISTS {name}")  # of a broken-off upgrade
        op.execute(f"CREATE INDEX {concurrently}{name} ON {on}")
