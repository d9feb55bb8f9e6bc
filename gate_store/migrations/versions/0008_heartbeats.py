"""What `plangate doctor` looks at: the workers' heartbeats, and the indexes of its questions.

Workers of the version before go on meanwhile: they leave no heartbeat.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT
from gate_store.tables import UtcMoment

revision = "0008"
down_revision = "0007"
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
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.Text(), nullable=False, comment="of one process, with a random part"),
        sa.Column("part", sa.Text(), nullable=False, comment="router, gatekeeper or resumer"),
        sa.Column(
            "instance", sa.Text(), nullable=False, comment="its place: a new start there takes the old one's"
        ),
        sa.Column("host", sa.Text(), nullable=False),
        sa.Column("version", sa.Text(), nullable=False, comment="of Plangate"),
        sa.Column("catalogue", sa.Text(), nullable=False, comment="digest of the one that it judges by"),
        sa.Column("graphs", sa.JSON(), nullable=False, comment="version by name, of those that it resumes"),
        sa.Column("started_at", UtcMoment(), nullable=False),
        sa.Column("beat_at", UtcMoment(), nullable=False),
        sa.Column(
            "trouble", sa.Text(), nullable=True, comment="why it does not do its part, in its own words"
        ),
        sa.PrimaryKeyConstraint("name", "part", name="pk_heartbeats"),
        if_not_exists=True,
    )
    for name, on in {
        "ix_runs_paused": "runs (updated_at) WHERE status = 'PAUSED'",
        "ix_clearances_cleared_at": "clearances (cleared_at)",
    }.items():
        op.execute(f"DROP INDEX {concurrently}IF EXISTS {name}")  # of a broken-off upgrade
        op.execute(f"CREATE INDEX {concurrently}{name} ON {on}")
