"""Plans beyond the ceiling of open gates, and whose questions are open.

Workers of the version before go on meanwhile: a gatekeeper of theirs opens a gate for every plan that needs
one, and these gates are not counted.
"""

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT
from gate_store.tables import BigId, UtcMoment

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None

_OPEN_BY_REVISION = """
UPDATE gates SET
    proposer = (SELECT r.proposer FROM revisions AS r
        WHERE r.plan_id = gates.plan_id AND r.revision = gates.revision),
    agent = (SELECT r.agent FROM revisions AS r
        WHERE r.plan_id = gates.plan_id AND r.revision = gates.revision)
WHERE state = 'PENDING' AND kind = 'PLAN' AND timing = 'BEFORE' AND proposer IS NULL
"""


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
        "queued_plans",
        sa.Column("arrival", BigId, nullable=False, autoincrement=True, comment="the order of their turns"),
        sa.Column("gate_id", sa.Uuid(), nullable=False, comment="as which it is asked once its turn comes"),
        sa.Column("request_id", sa.Uuid(), nullable=False, comment="of the router's, which is no gate"),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("proposer", sa.Text(), nullable=False, comment="as names are compared"),
        sa.Column("agent", sa.Text(), nullable=False, comment="as names are compared"),
        sa.Column("of_runs", sa.Boolean(), nullable=False, comment="counted apart from services' plans"),
        sa.Column("thread_id", sa.Text(), nullable=True),
        sa.Column("queued_at", UtcMoment(), nullable=False),
        sa.Column(
            "request",
            sa.JSON(),
            nullable=False,
            comment="ApprovalRequested, whole, as it would have been asked when it came",
        ),
        sa.Column("why", sa.Text(), nullable=True, comment="why it is never asked; null: it waits"),
        sa.PrimaryKeyConstraint("arrival", name="pk_queued_plans"),
        if_not_exists=True,
    )
    for column in ("gate_id", "request_id", "plan_id", "thread_id"):
        op.create_index(f"ix_queued_plans_{column}", "queued_plans", [column], if_not_exists=True)
    waits = sa.text("why IS NULL")
    op.create_index(
        "ix_queued_plans_next",
        "queued_plans",
        ["proposer", "agent", "of_runs", "arrival"],
        postgresql_where=waits,
        sqlite_where=waits,
        if_not_exists=True,
    )
    for name in ("proposer", "agent"):
        kept: sa.Column[object] = sa.Column(
            name,
            sa.Text(),
            nullable=True,
            comment="as names are compared, where it asks whether a plan may run;"
            " null: kept by an older version",
        )
        op.add_column("gates", kept, if_not_exists=op.get_bind().dialect.name == "postgresql")
    op.execute(_OPEN_BY_REVISION)
    op.execute(f"DROP INDEX {concurrently}IF EXISTS ix_gates_open_of")  # of a broken-off upgrade
    columns, is_open = "(proposer, agent, thread_id)", "state = 'PENDING' AND proposer IS NOT NULL"
    op.execute(f"CREATE INDEX {concurrently}ix_gates_open_of ON gates {columns} WHERE {is_open}")
