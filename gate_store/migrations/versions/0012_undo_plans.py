"""Which plans the gatekeeper made of an UNDO, and who executes them.

Workers of the version before go on meanwhile: a gatekeeper of theirs notes no undo plan, so that no resumer
executes it.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT

revision = "0012"
down_revision = "0011"
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
    undoes: sa.Column[object] = sa.Column(
        "undoes",
        sa.JSON(),
        nullable=True,
        comment="by graph, the action types of undo plans that it executes",
    )
    op.add_column("heartbeats", undoes, if_not_exists=op.get_bind().dialect.name == "postgresql")
    op.create_table(
        "undo_plans",
        sa.Column(
            "digest",
            sa.Text(),
            nullable=False,
            comment="of the plan made of an UNDO, or of an edit of it",
        ),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("gate_id", sa.Uuid(), nullable=False, comment="decided UNDO"),
        sa.Column(
            "graph",
            sa.Text(),
            nullable=True,
            comment="whose run is undone: its functions may; null: a service's plan",
        ),
        sa.PrimaryKeyConstraint("digest", name="pk_undo_plans"),
        sa.ForeignKeyConstraint(["gate_id"], ["gates.gate_id"], name="fk_undo_plans_gate_id"),
        if_not_exists=True,
    )
    for column in ("plan_id", "gate_id"):
        op.create_index(f"ix_undo_plans_{column}", "undo_plans", [column], if_not_exists=True)
