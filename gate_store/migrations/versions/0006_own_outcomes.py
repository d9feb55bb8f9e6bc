"""What runs told as their outcomes is noted, as their proposals and the store's own questions are.

Workers of the version before go on meanwhile: they neither read nor forget what is noted more.
"""

from collections.abc import Iterator

from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None

_NOTED = "record IN ('ApprovalRequested', 'PlanProposed', 'PlanExecuted')"
_NOTE = "INSERT INTO own_requests (event_id, contract, body) SELECT {0}event_id, {0}contract, {0}body"


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            for statement in _on_postgres():
                op.execute(statement)
            op.execute("RESET lock_timeout")
        return
    for statement in _on_sqlite():
        op.execute(statement)


def _on_postgres() -> Iterator[str]:
    yield (
        "CREATE OR REPLACE TRIGGER note_own_request AFTER INSERT ON outbox"
        f" FOR EACH ROW WHEN (NEW.{_NOTED}) EXECUTE FUNCTION note_own_request()"
    )
    yield f"{_NOTE.format('')} FROM outbox WHERE {_NOTED} ON CONFLICT DO NOTHING"


def _on_sqlite() -> Iterator[str]:
    yield "DROP TRIGGER note_own_request"
    yield (
        f"CREATE TRIGGER note_own_request AFTER INSERT ON outbox WHEN NEW.{_NOTED} BEGIN"
        f" {_NOTE.format('NEW.')} WHERE true ON CONFLICT DO NOTHING; END"
    )
    yield f"{_NOTE.format('')} FROM outbox WHERE {_NOTED} ON CONFLICT DO NOTHING"
