"""Whose rows they are, as PostgreSQL knows its users: what `plangate store roles` holds each role to.

Rows of before have no owner. Workers of the version before go on meanwhile: every new column may be left out.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

_OWNED = {
    "runs": "the database's user who began it; null on SQLite",
    "effects": "the database's user who claimed it; null on SQLite",
    "outbox": "the database's user who said it; null on SQLite",
}
_UNASKED = (
    "ix_effects_unasked ON effects (claimed_at)"
    " WHERE state = 'IN_DOUBT' AND doubt_id IS NULL AND thread_id IS NULL"
)


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            _grow()
            for statement in _on_postgres():
                op.execute(statement)
            op.execute("RESET lock_timeout")
        return
    _grow()
    op.execute(f"CREATE INDEX {_UNASKED}")


def _grow() -> None:
    for table, comment in _OWNED.items():
        owner: sa.Column[object] = sa.Column("owner", sa.Text(), nullable=True, comment=comment)
        op.add_column(table, owner, if_not_exists=op.get_bind().dialect.name == "postgresql")


def _on_postgres() -> Iterator[str]:
    for table in _OWNED:  # apart from the column: given with it, it would be the owner of what is there
        yield f"ALTER TABLE {table} ALTER COLUMN owner SET DEFAULT current_user"
    # Who may say something through the outbox need not have a right on what the trigger notes.
    yield (
        "DO $$ BEGIN EXECUTE format('ALTER FUNCTION note_own_request() SECURITY DEFINER"
        " SET search_path = %I, pg_temp', current_schema()); END $$"
    )
    yield "DROP INDEX CONCURRENTLY IF EXISTS ix_effects_unasked"  # of a broken-off upgrade
    yield f"CREATE INDEX CONCURRENTLY {_UNASKED}"
