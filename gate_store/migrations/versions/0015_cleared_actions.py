"""Of which action types a cleared plan has steps: what a stop of one of them holds is found by an index.

A plan that was cleared before has no row. Its runs are found by the answers that they wait with, as before.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        op.execute(f"SET LOCAL lock_timeout = '{LOCK_TIMEOUT}'")  # the foreign key locks clearances
    op.create_table(
        "cleared_actions",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("action_type", sa.Text(), nullable=False, comment="some step of the plan is of it"),
        sa.ForeignKeyConstraint(["digest"], ["clearances.digest"], name="fk_cleared_actions_digest"),
        sa.PrimaryKeyConstraint("digest", "action_type", name="pk_cleared_actions"),
        if_not_exists=True,
    )
