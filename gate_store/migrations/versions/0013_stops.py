"""The kill switch: what may begin nothing until somebody ends the stop.

Workers of the version before go on meanwhile: no stop holds them.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT
from gate_store.tables import UtcMoment

revision = "0013"
down_revision = "0012"
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
        "stops",
        sa.Column("stop_id", sa.Uuid(), nullable=False),
        sa.Column(
            "action_type", sa.Text(), nullable=True, comment="nothing of it is begun; null: nothing at all"
        ),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("at", UtcMoment(), nullable=False),
        sa.Column("ended_by", sa.Text(), nullable=True),
        sa.Column("ended_note", sa.Text(), nullable=True),
        sa.Column("ended_at", UtcMoment(), nullable=True, comment="null: it is in force"),
        sa.CheckConstraint(
            "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_note IS NULL)",
            name="a_stop_is_ended_by_somebody",
        ),
        sa.PrimaryKeyConstraint("stop_id", name="pk_stops"),
        if_not_exists=True,
    )
    in_force = sa.text("ended_at IS NULL")
    op.create_index(
        "ix_stops_in_force",
        "stops",
        ["action_type"],
        postgresql_where=in_force,
        sqlite_where=in_force,
        if_not_exists=True,
    )
