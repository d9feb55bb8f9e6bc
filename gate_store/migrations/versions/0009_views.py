"""Who looked at a gate, and an index of the gates that expired.

Workers of the version before go on meanwhile: they neither read nor write it.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT, Trigger, on_postgres, on_sqlite
from gate_store.tables import UtcMoment

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

WHAT_WAS_SEEN_STAYS_SO = Trigger("views", "what_was_seen_stays_so", ("UPDATE", "DELETE"))


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            _grow("CONCURRENTLY ")
            for statement in on_postgres(WHAT_WAS_SEEN_STAYS_SO):
                op.execute(statement)
            op.execute("RESET lock_timeout")
        return
    _grow("")
    for statement in on_sqlite(WHAT_WAS_SEEN_STAYS_SO):
        op.execute(statement)


def _grow(concurrently: str) -> None:
    op.create_table(
        "views",
        sa.Column(
            "gate_id", sa.Uuid(), nullable=False, comment="no foreign key: whoever looks shall lock no gate"
        ),
        sa.Column("who", sa.Text(), nullable=False, comment="as they say: nothing proves it"),
        sa.Column("what", sa.Text(), nullable=False),
        sa.Column("at", UtcMoment(), nullable=False),
        sa.CheckConstraint("what IN ('DELIVERED', 'SEEN')", name="view_is_a_word"),
        sa.PrimaryKeyConstraint("gate_id", "who", "what", name="pk_views"),
        if_not_exists=True,
    )
    op.execute(f"DROP INDEX {concurrently}IF EXISTS ix_gates_expired")  # of a broken-off upgrade
    op.execute(f"CREATE INDEX {concurrently}ix_gates_expired ON gates (deadline) WHERE state = 'EXPIRED'")
