"""Which questions the store asked itself, what runs proposed, what was asked anew, what waits for a revision.

And no run is held to what it asked at an earlier plan.

Workers of the version before go on meanwhile: nothing that they read or write changes.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT, Trigger, on_postgres, on_sqlite
from gate_store.tables import UtcMoment

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


NOTHING_STALE_BEGINS = Trigger(
    "effects",
    "nothing_stale_begins",
    ("INSERT", "UPDATE OF digest"),
    "NEW.state = 'CLAIMED'",
    "SELECT 1 WHERE NOT EXISTS (SELECT 1 FROM stale_clearances AS s JOIN clearances AS c"
    " ON c.digest = s.digest WHERE s.digest = NEW.digest AND s.attempt >= c.attempt)"
    " OR EXISTS (SELECT 1 FROM effects AS e WHERE e.plan_id = NEW.plan_id AND e.digest = NEW.digest"
    " AND e.effect_id <> NEW.effect_id)",
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
    for statement in _on_sqlite():
        op.execute(statement)


def _grow() -> None:
    said_at: sa.Column[object] = sa.Column(
        "said_at", UtcMoment(), nullable=True, comment="the broker's moment, where it keeps one"
    )
    op.add_column("plan_outcomes", said_at, if_not_exists=op.get_bind().dialect.name == "postgresql")
    said_at = sa.Column(
        "said_at", UtcMoment(), nullable=True, comment="the broker's moment of the router's word"
    )
    op.add_column("clearances", said_at, if_not_exists=op.get_bind().dialect.name == "postgresql")
    thread = sa.Column("thread_id", sa.Text(), nullable=True, comment="of the run whose plan it is")
    op.add_column("revisions", thread, if_not_exists=op.get_bind().dialect.name == "postgresql")
    op.create_table(
        "own_requests",
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("contract", sa.Text(), nullable=True, comment="as in the outbox"),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="likewise"),
        sa.PrimaryKeyConstraint("event_id", name="pk_own_requests"),
        if_not_exists=True,
    )
    op.create_table(
        "asked_anew",
        sa.Column(
            "request_id", sa.Uuid(), nullable=False, comment="of a request that was not taken as it was"
        ),
        sa.Column("gate_id", sa.Uuid(), nullable=False, comment="what was asked instead"),
        sa.Column("why", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("request_id", name="pk_asked_anew"),
        sa.ForeignKeyConstraint(["gate_id"], ["gates.gate_id"], name="fk_asked_anew_gate_id"),
        if_not_exists=True,
    )
    op.create_table(
        "waiting_plans",
        sa.Column("claim", sa.Text(), nullable=False, comment="a digest of the record, to the letter"),
        sa.Column("record", sa.Text(), nullable=False, comment="the record type"),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column(
            "body",
            sa.JSON(),
            nullable=False,
            comment="the record, whole: an earlier revision has not come yet",
        ),
        sa.Column("recorded_at", UtcMoment(), nullable=False),
        sa.Column("why", sa.Text(), nullable=True, comment="why it becomes a dead letter; null: it waits"),
        sa.PrimaryKeyConstraint("claim", name="pk_waiting_plans"),
        if_not_exists=True,
    )
    op.create_index("ix_waiting_plans_plan_id", "waiting_plans", ["plan_id"], if_not_exists=True)
    op.create_index("ix_waiting_plans_recorded_at", "waiting_plans", ["recorded_at"], if_not_exists=True)
    op.create_index(
        "ix_waiting_plans_refused",
        "waiting_plans",
        ["recorded_at"],
        if_not_exists=True,
        postgresql_where=sa.text("why IS NOT NULL"),
        sqlite_where=sa.text("why IS NOT NULL"),
    )
    op.create_table(
        "uncounted_outcomes",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("told", sa.Text(), nullable=False, comment="a digest of what it says happened"),
        sa.Column("recorded_at", UtcMoment(), nullable=False),
        sa.Column("said_at", UtcMoment(), nullable=True, comment="the broker's moment, where it keeps one"),
        sa.Column(
            "why",
            sa.Text(),
            nullable=True,
            comment="why it becomes a dead letter; null: it waits for the clearance, behind the first",
        ),
        sa.Column("record", sa.JSON(), nullable=False, comment="PlanExecuted, whole"),
        sa.PrimaryKeyConstraint("plan_id", "digest", "attempt", "told", name="pk_uncounted_outcomes"),
        if_not_exists=True,
    )
    op.create_index(
        "ix_uncounted_outcomes_recorded_at", "uncounted_outcomes", ["recorded_at"], if_not_exists=True
    )
    _note_what_is_stale()
    _ask_again()


def _ask_again() -> None:
    """What the clock still has to look at, so that it does not read the history of the store each second."""
    when: sa.Column[object] = sa.Column(
        "ask_again_at",
        UtcMoment(),
        nullable=True,
        comment="when what it cleared for a service is too old; a trigger sets it, the clock takes it off",
    )
    postgres = op.get_bind().dialect.name == "postgresql"
    op.add_column("gates", when, if_not_exists=postgres)
    # one that broke off leaves a broken index behind
    concurrently = "CONCURRENTLY " if postgres else ""
    op.execute(f"DROP INDEX {concurrently}IF EXISTS ix_gates_ask_again")
    op.execute(
        f"CREATE INDEX {concurrently}ix_gates_ask_again ON gates (ask_again_at)"
        " WHERE ask_again_at IS NOT NULL"
    )


def _note_what_is_stale() -> None:
    window = sa.Column(
        "window_s", sa.Integer(), nullable=True, comment="how long it counts as done; null: nobody noted it"
    )
    op.add_column("planned_effects", window, if_not_exists=op.get_bind().dialect.name == "postgresql")
    op.create_table(
        "stale_clearances",
        sa.Column("digest", sa.Text(), nullable=False, comment="not to be begun"),
        sa.Column(
            "attempt", sa.Integer(), autoincrement=False, nullable=False, comment="a later one renews it"
        ),
        sa.Column("at", UtcMoment(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("asked_at", UtcMoment(), nullable=True, comment="null: the gatekeeper has still to ask"),
        sa.PrimaryKeyConstraint("digest", "attempt", name="pk_stale_clearances"),
        sa.ForeignKeyConstraint(["digest"], ["clearances.digest"], name="fk_stale_clearances_digest"),
        if_not_exists=True,
    )
    to_ask = sa.text("asked_at IS NULL")
    op.create_index(
        "ix_stale_clearances_to_ask",
        "stale_clearances",
        ["at"],
        postgresql_where=to_ask,
        sqlite_where=to_ask,
        if_not_exists=True,
    )


_NOTED = "record IN ('ApprovalRequested', 'PlanProposed')"
_NOTE = "INSERT INTO own_requests (event_id, contract, body) SELECT {0}event_id, {0}contract, {0}body"


# Releases that do not know `asked_digest` pause a run at its next plan and leave there what it asked before.
_ASKS_ANEW = "NEW.plan_id IS NOT NULL AND NEW.plan_id <> OLD.plan_id AND NEW.asked_digest = OLD.asked_digest"
_FORGET = "UPDATE runs SET asked_digest = NULL WHERE"
_ASKED_BEFORE = (
    "EXISTS (SELECT 1 FROM clearances AS c WHERE c.digest = runs.asked_digest AND c.plan_id <> runs.plan_id)"
    " OR EXISTS (SELECT 1 FROM gates AS g WHERE g.digest = runs.asked_digest AND g.plan_id <> runs.plan_id)"
)


# What outcomes alone told (no claim, so no token) is a doubt once another outcome contradicts it.
_FINAL = Trigger(
    "effects",
    "a_succeeded_effect_is_final",
    ("UPDATE",),
    "OLD.state = 'SUCCEEDED' AND NOT (OLD.token = 0 AND NEW.token = 0 AND NEW.state = 'IN_DOUBT')",
)


_CLAIMED_BY_RUNS = (
    "ix_effects_claimed_by_runs ON effects (claimed_at) WHERE state = 'CLAIMED' AND thread_id IS NOT NULL"
)
_CLEARS_FOR_A_WHILE = "NEW.gate_id IS NOT NULL AND NEW.use_by IS NOT NULL"
_ASK_AGAIN = "UPDATE gates SET ask_again_at = NEW.use_by WHERE gate_id = NEW.gate_id AND thread_id IS NULL;"
_CLEARED_BEFORE = (
    "UPDATE gates SET ask_again_at ="
    " (SELECT c.use_by FROM clearances AS c WHERE c.gate_id = gates.gate_id AND c.plan_id = gates.plan_id)"
    " WHERE state = 'APPROVED' AND thread_id IS NULL AND asked_again_at IS NULL AND ask_again_at IS NULL"
    " AND NOT EXISTS (SELECT 1 FROM clearances AS c JOIN plan_outcomes AS o"
    " ON o.plan_id = c.plan_id AND o.digest = c.digest"
    " WHERE c.gate_id = gates.gate_id AND c.plan_id = gates.plan_id)"
)


def _on_postgres() -> Iterator[str]:
    yield from on_postgres(_FINAL)
    yield (
        "CREATE OR REPLACE FUNCTION forget_what_was_asked_before() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {_FORGET} thread_id = NEW.thread_id; RETURN NEW; END $$"
    )
    yield (
        "CREATE OR REPLACE TRIGGER forget_what_was_asked_before AFTER UPDATE OF plan_id ON runs"
        f" FOR EACH ROW WHEN ({_ASKS_ANEW}) EXECUTE FUNCTION forget_what_was_asked_before()"
    )
    yield f"{_FORGET} status = 'PAUSED' AND ({_ASKED_BEFORE})"
    yield "DROP INDEX CONCURRENTLY IF EXISTS ix_plan_outcomes_set_aside"
    yield "DROP INDEX CONCURRENTLY IF EXISTS ix_runs_plan_id"
    yield "CREATE INDEX CONCURRENTLY ix_runs_plan_id ON runs (plan_id)"
    yield "DROP INDEX CONCURRENTLY IF EXISTS ix_effects_claimed_by_runs"
    yield f"CREATE INDEX CONCURRENTLY {_CLAIMED_BY_RUNS}"
    yield "DROP TRIGGER IF EXISTS note_own_word ON outbox"
    yield "DROP FUNCTION IF EXISTS note_own_word"
    yield (
        "CREATE OR REPLACE FUNCTION note_own_request() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        f" {_NOTE.format('NEW.')} ON CONFLICT DO NOTHING; RETURN NEW; END $$"
    )
    yield (
        "CREATE OR REPLACE TRIGGER note_own_request AFTER INSERT ON outbox"
        f" FOR EACH ROW WHEN (NEW.{_NOTED}) EXECUTE FUNCTION note_own_request()"
    )
    yield f"{_NOTE.format('')} FROM outbox WHERE {_NOTED} ON CONFLICT DO NOTHING"
    yield from on_postgres(NOTHING_STALE_BEGINS)
    yield (
        "CREATE OR REPLACE FUNCTION ask_again_when_it_is_too_old() RETURNS trigger LANGUAGE plpgsql AS"
        f" $$ BEGIN {_ASK_AGAIN} RETURN NEW; END $$"
    )
    yield (
        "CREATE OR REPLACE TRIGGER ask_again_when_it_is_too_old AFTER INSERT OR UPDATE OF gate_id"
        f" ON clearances FOR EACH ROW WHEN ({_CLEARS_FOR_A_WHILE})"
        " EXECUTE FUNCTION ask_again_when_it_is_too_old()"
    )
    yield _CLEARED_BEFORE


def _on_sqlite() -> Iterator[str]:
    yield f"DROP TRIGGER {_FINAL.name}_on_update"
    yield from on_sqlite(_FINAL)
    yield (
        "CREATE TRIGGER forget_what_was_asked_before AFTER UPDATE OF plan_id ON runs"
        f" WHEN {_ASKS_ANEW} BEGIN {_FORGET} thread_id = NEW.thread_id; END"
    )
    yield f"{_FORGET} status = 'PAUSED' AND ({_ASKED_BEFORE})"
    yield "DROP INDEX IF EXISTS ix_plan_outcomes_set_aside"
    yield "CREATE INDEX ix_runs_plan_id ON runs (plan_id)"
    yield f"CREATE INDEX {_CLAIMED_BY_RUNS}"
    yield "DROP TRIGGER note_own_word"
    yield (
        f"CREATE TRIGGER note_own_request AFTER INSERT ON outbox WHEN NEW.{_NOTED} BEGIN"
        f" {_NOTE.format('NEW.')} WHERE true ON CONFLICT DO NOTHING; END"
    )
    yield f"{_NOTE.format('')} FROM outbox WHERE {_NOTED} ON CONFLICT DO NOTHING"
    yield from on_sqlite(NOTHING_STALE_BEGINS)
    for event in ("INSERT", "UPDATE OF gate_id"):
        yield (
            f"CREATE TRIGGER ask_again_when_it_is_too_old_on_{event.split()[0].lower()} AFTER {event}"
            f" ON clearances WHEN {_CLEARS_FOR_A_WHILE} BEGIN {_ASK_AGAIN} END"
        )
    yield _CLEARED_BEFORE
