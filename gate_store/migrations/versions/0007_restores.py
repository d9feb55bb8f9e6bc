"""What a restored store lost: plans that may have run since its backup, and what services were told of.

Workers of the version before go on meanwhile: they neither read nor write it.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT
from gate_store.tables import UtcMoment

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            _grow()
            op.execute("RESET lock_timeout")
        return
    _grow()


def _grow() -> None:
    op.create_table(
        "restores",
        sa.Column("nth", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("since", UtcMoment(), nullable=False, comment="as the operator said: the backup's moment"),
        sa.Column("until", UtcMoment(), nullable=False, comment="when the store was lost"),
        sa.Column("noted_at", UtcMoment(), nullable=False),
        sa.Column("idempotent", sa.JSON(), nullable=False, comment="action types that are simply repeated"),
        sa.PrimaryKeyConstraint("nth", name="pk_restores"),
        if_not_exists=True,
    )
    op.create_table(
        "lost_plans",
        sa.Column("plan_id", sa.Uuid(), nullable=False, comment="it may have run after the backup"),
        sa.Column(
            "thread_id", sa.Text(), nullable=True, comment="of a run that does not know it: it asks it anew"
        ),
        sa.Column("redone_as", sa.Uuid(), nullable=True, comment="the plan that this run asked in its place"),
        sa.Column("told", sa.JSON(), nullable=False, comment="what outcomes say, by digest and step"),
        sa.PrimaryKeyConstraint("plan_id", name="pk_lost_plans"),
        if_not_exists=True,
    )
    op.create_index("ix_lost_plans_thread_id", "lost_plans", ["thread_id"], if_not_exists=True)
    op.create_table(
        "told_before",
        sa.Column(
            "word", sa.Text(), nullable=False, comment="a clearance's digest or the event id of a verdict"
        ),
        sa.PrimaryKeyConstraint("word", name="pk_told_before"),
        if_not_exists=True,
    )
