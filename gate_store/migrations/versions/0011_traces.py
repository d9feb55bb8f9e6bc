"""Which trace led to a gate, a run's standing and a record on its way to Kafka.

Workers of the version before go on meanwhile: every new column may be left out.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_KEPT = ("gates", "runs", "outbox")


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            _grow()
            op.execute("RESET lock_timeout")
        return
    _grow()


def _grow() -> None:
    for table in _KEPT:
        kept: sa.Column[object] = sa.Column(
            "traceparent",
            sa.Text(),
            nullable=True,
            comment="W3C trace context of what led here; null: none is known",
        )
        op.add_column(table, kept, if_not_exists=op.get_bind().dialect.name == "postgresql")
