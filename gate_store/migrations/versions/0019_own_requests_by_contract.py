"""Own questions and outcomes of runs that Kafka did not bring back are found by an index.

Workers of the version before go on meanwhile.
"""

from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            op.execute(f"SET lock_timeout = '{LOCK_TIMEOUT}'")
            _grow("CONCURRENTLY ")
            op.execute("RESET lock_timeout")
        return
    _grow("")


def _grow(concurrently: str) -> None:
    name = "ix_own_requests_contract"
    op.execute(f"DROP INDEX {concurrently}IF EXISTS {name}")  # of a broken-off upgrade
    op.execute(f"CREATE INDEX {concurrently}{name} ON own_requests (contract, event_id)")
