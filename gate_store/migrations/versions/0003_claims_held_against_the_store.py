"""What records claim is held against the store: who owns a plan, what a run asked, what was revoked.

Workers of the version before go on meanwhile: every new column may be left out, and what they write into
`outcomes` is taken over by a trigger.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT, Trigger, on_postgres, on_sqlite
from gate_store.tables import UtcMoment

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

TRIGGERS = (
    Trigger("revisions", "a_revision_keeps_its_content", ("UPDATE",)),
    Trigger("revocations", "what_was_revoked_stays_so", ("UPDATE", "DELETE")),
    Trigger("policies", "a_policy_never_changes", ("UPDATE",)),
    Trigger("plan_outcomes", "the_first_outcome_of_an_attempt_stays", ("UPDATE",)),
    Trigger(
        "runs",
        "a_run_does_what_it_asked_or_what_a_human_edited",
        ("INSERT", "UPDATE OF digest"),
        "NEW.digest IS NOT NULL AND NEW.asked_digest IS NOT NULL AND NEW.digest <> NEW.asked_digest",
        "SELECT 1 FROM clearances WHERE digest = NEW.digest AND gate_id IS NOT NULL",
    ),
    Trigger(
        "effects",
        "nothing_revoked_begins",
        ("INSERT", "UPDATE OF digest"),
        "NEW.state = 'CLAIMED'",
        "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM revocations WHERE digest = NEW.digest)",
    ),
)


def _columns() -> dict[str, list[sa.Column[object]]]:
    return {
        "decisions": [
            sa.Column("name", sa.Text(), nullable=True, comment="decided_by as names are compared"),
            sa.Column(
                "said_at", UtcMoment(), nullable=True, comment="the broker's moment, by which it counts"
            ),
        ],
        "clearances": [
            sa.Column(
                "begun_until", UtcMoment(), nullable=True, comment="how long a plan begun in time may go on"
            ),
            sa.Column(
                "attempt",
                sa.Integer(),
                nullable=False,
                server_default="1",
                comment="of the question that cleared it",
            ),
        ],
        "cleared_steps": [
            sa.Column("after", sa.JSON(), nullable=True, comment="step ids that must have begun before it")
        ],
        "effects": [
            sa.Column("doubt_id", sa.Uuid(), nullable=True, comment="the gate that asks whether it happened"),
            sa.Column(
                "lease_until",
                UtcMoment(),
                nullable=True,
                comment="a service's claim; null: the claimant's run has it",
            ),
        ],
        "runs": [
            sa.Column(
                "asked_digest", sa.Text(), nullable=True, comment="of the plan that the interrupt asked about"
            )
        ],
        "outbox": [
            sa.Column(
                "contract",
                sa.Text(),
                nullable=True,
                comment="its fingerprint in hex; null: the first contract",
            )
        ],
    }


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
    for statement in _on_sqlite():
        op.execute(statement)


def _grow() -> None:
    for table, columns in _columns().items():
        for column in columns:
            op.add_column(table, column, if_not_exists=op.get_bind().dialect.name == "postgresql")
    _create_tables()


def _create_tables() -> None:
    op.create_table(
        "revisions",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column(
            "proposer", sa.Text(), nullable=False, comment="as names are compared: the owner of a plan id"
        ),
        sa.Column("agent", sa.Text(), nullable=False, comment="likewise"),
        sa.Column("recorded_at", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("plan_id", "revision", name="pk_revisions"),
        if_not_exists=True,
    )
    op.create_table(
        "revocations",
        sa.Column("digest", sa.Text(), nullable=False, comment="what may run no more"),
        sa.Column("by_digest", sa.Text(), nullable=True, comment="the plan that takes its place"),
        sa.Column("at", UtcMoment(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_revocations"),
        sa.ForeignKeyConstraint(["digest"], ["clearances.digest"], name="fk_revocations_digest"),
        if_not_exists=True,
    )
    op.create_table(
        "planned_effects",
        sa.Column("digest", sa.Text(), nullable=False, comment="of a plan that was asked about or cleared"),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("window_key", sa.Text(), nullable=False),
        sa.Column("noted_at", UtcMoment(), nullable=False),
        sa.PrimaryKeyConstraint("digest", "step_id", name="pk_planned_effects"),
        if_not_exists=True,
    )
    op.create_index("ix_planned_effects_window_key", "planned_effects", ["window_key"], if_not_exists=True)
    op.create_table(
        "policies",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="the catalogue as it was judged by"),
        sa.Column("first_seen", UtcMoment(), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("digest", name="pk_policies"),
        if_not_exists=True,
    )
    op.create_table(
        "workers",
        sa.Column("name", sa.Text(), nullable=False, comment="of one process, with a random part"),
        sa.Column("instance", sa.Text(), nullable=False, comment="its place: a new start there ends the old"),
        sa.Column("started_at", UtcMoment(), nullable=False),
        sa.Column("ended_at", UtcMoment(), nullable=True),
        sa.PrimaryKeyConstraint("name", name="pk_workers"),
        if_not_exists=True,
    )
    op.create_index("ix_workers_instance", "workers", ["instance"], if_not_exists=True)
    op.create_table(
        "executions",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("executor", sa.Text(), nullable=False),
        sa.Column("begun_at", UtcMoment(), nullable=True, comment="null: nobody said so"),
        sa.Column("heard_at", UtcMoment(), nullable=True, comment="when it was last said to be at it"),
        sa.Column(
            "due_at", UtcMoment(), nullable=True, comment="then a human is asked, unless its outcome came"
        ),
        sa.Column(
            "asked_at", UtcMoment(), nullable=True, comment="its outcome did not come: a human was asked"
        ),
        sa.PrimaryKeyConstraint("plan_id", "digest", "attempt", name="pk_executions"),
        if_not_exists=True,
    )
    awaited = sa.text("due_at IS NOT NULL AND asked_at IS NULL")
    op.create_index(
        "ix_executions_due",
        "executions",
        ["due_at"],
        postgresql_where=awaited,
        sqlite_where=awaited,
        if_not_exists=True,
    )
    op.create_table(
        "plan_outcomes",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("recorded_at", UtcMoment(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False, comment="PlanExecuted, whole"),
        sa.PrimaryKeyConstraint("plan_id", "digest", "attempt", name="pk_plan_outcomes"),
        if_not_exists=True,
    )
    op.create_index("ix_plan_outcomes_recorded_at", "plan_outcomes", ["recorded_at"], if_not_exists=True)
    op.create_table(
        "own_words",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="as in the outbox"),
        sa.PrimaryKeyConstraint("event_id", name="pk_own_words"),
        if_not_exists=True,
    )


# No JSON operator: PostgreSQL's fail on \\u0000. Quotes inside of values are escaped, and the digest stands
# before anything that a proposer or an executor words.
_POSTGRES_DIGEST = """substring({0}record::text from '"digest": ?"([0-9a-f]{{64}})"')"""
_SQLITE_DIGEST = "json_extract({0}record, '$.digest')"


def _taken_over(digest: str, prefix: str = "") -> str:
    """The start of a statement that takes rows of `outcomes` over, up to its values."""
    columns = ("plan_id", digest.format(prefix), "1", "event_id", "status", "recorded_at", "record")
    values = ", ".join(f"{prefix}{each}" if each.isidentifier() else each for each in columns)
    into = "INSERT INTO plan_outcomes (plan_id, digest, attempt, event_id, status, recorded_at, record)"
    return f"{into} SELECT {values}"


_NOTED = "record IN ('ApprovalRequested', 'DecisionMade')"
_NOTE = "INSERT INTO own_words (event_id, body) SELECT {0}event_id, {0}body"


_LEASES = "ix_effects_leases ON effects (lease_until) WHERE state = 'CLAIMED' AND lease_until IS NOT NULL"


def _on_postgres() -> Iterator[str]:
    yield "DROP INDEX CONCURRENTLY IF EXISTS ix_effects_leases"
    yield f"CREATE INDEX CONCURRENTLY {_LEASES}"
    yield "DROP INDEX CONCURRENTLY IF EXISTS a_quorum_counts_distinct_names"
    yield (
        "CREATE UNIQUE INDEX CONCURRENTLY a_quorum_counts_distinct_names ON decisions (gate_id, name)"
        " WHERE disposition = 'COUNTED'"
    )
    for trigger in TRIGGERS:
        yield from on_postgres(trigger)
    yield (
        "CREATE OR REPLACE FUNCTION take_over_outcome() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" {_taken_over(_POSTGRES_DIGEST, 'NEW.')} ON CONFLICT DO NOTHING; RETURN NEW; END $$"
    )
    yield (
        "CREATE OR REPLACE TRIGGER take_over_outcome AFTER INSERT ON outcomes"
        " FOR EACH ROW EXECUTE FUNCTION take_over_outcome()"
    )
    yield f"{_taken_over(_POSTGRES_DIGEST)} FROM outcomes ON CONFLICT DO NOTHING"
    yield (
        "CREATE OR REPLACE FUNCTION note_own_word() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" {_NOTE.format('NEW.')} ON CONFLICT DO NOTHING; RETURN NEW; END $$"
    )
    yield (
        "CREATE OR REPLACE TRIGGER note_own_word AFTER INSERT ON outbox"
        f" FOR EACH ROW WHEN (NEW.{_NOTED}) EXECUTE FUNCTION note_own_word()"
    )
    yield f"{_NOTE.format('')} FROM outbox WHERE {_NOTED} ON CONFLICT DO NOTHING"


def _on_sqlite() -> Iterator[str]:
    yield f"CREATE INDEX {_LEASES}"
    yield (
        "CREATE UNIQUE INDEX a_quorum_counts_distinct_names ON decisions (gate_id, name)"
        " WHERE disposition = 'COUNTED'"
    )
    for trigger in TRIGGERS:
        yield from on_sqlite(trigger)
    yield (
        "CREATE TRIGGER take_over_outcome AFTER INSERT ON outcomes BEGIN"
        f" {_taken_over(_SQLITE_DIGEST, 'NEW.')} WHERE true ON CONFLICT DO NOTHING; END"
    )
    yield f"{_taken_over(_SQLITE_DIGEST)} FROM outcomes WHERE true ON CONFLICT DO NOTHING"
    yield (
        f"CREATE TRIGGER note_own_word AFTER INSERT ON outbox WHEN NEW.{_NOTED} BEGIN"
        f" {_NOTE.format('NEW.')} WHERE true ON CONFLICT DO NOTHING; END"
    )
    yield f"{_NOTE.format('')} FROM outbox WHERE {_NOTED} ON CONFLICT DO NOTHING"
