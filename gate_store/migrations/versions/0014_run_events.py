"""What nodes behind the gate say while they work.

Workers of the version before go on meanwhile: they say nothing there.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.tables import BigId, UtcMoment

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "run_events",
        sa.Column("id", BigId, nullable=False, autoincrement=True),
        sa.Column(
            "thread_id",
            sa.Text(),
            nullable=False,
            comment="no foreign key: what a node says shall lock no run",
        ),
        sa.Column(
            "plan_id", sa.Uuid(), nullable=False, comment="of the plan whose answer the run went on with"
        ),
        sa.Column("at", UtcMoment(), nullable=False),
        sa.Column("event", sa.Text(), nullable=False, comment="JSON, as a node gave it to its stream writer"),
        sa.PrimaryKeyConstraint("id", name="pk_run_events"),
        if_not_exists=True,
    )
    op.create_index("ix_run_events_thread_id", "run_events", ["thread_id", "id"], if_not_exists=True)
