"""How else a plan that runs unasked was told: its review afterwards says so.

Workers of the version before go on meanwhile: their reviews do not say it.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            _grow(again=True)
            op.execute("RESET lock_timeout")
        return
    _grow(again=False)


def _grow(*, again: bool) -> None:
    disputed: sa.Column[object] = sa.Column(
        "disputed",
        sa.JSON(none_as_null=True),
        nullable=True,
        comment="Finding: how else the plan was told; null: nobody told it otherwise",
    )
    op.add_column("executions", disputed, if_not_exists=again)
