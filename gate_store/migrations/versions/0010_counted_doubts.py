"""Indexes by which steps and runs in doubt are counted, for metrics."""

from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            _grow("CONCURRENTLY ")
            op.execute("RESET lock_timeout")
        return
    _grow("")


def _grow(concurrently: str) -> None:
    for name, on in {
        "ix_effects_in_doubt": "effects (action_type) WHERE state = 'IN_DOUBT'",
        "ix_runs_in_doubt": "runs (updated_at) WHERE status = 'IN_DOUBT'",
    }.items():
        op.execute(f"DROP INDEX {concurrently}IF EXISTS {name}")  # of a broken-off upgrade
        op.execute(f"CREATE INDEX {concurrently}{name} ON {on}")
