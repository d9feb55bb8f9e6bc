"""More of the laws as constraints: what the code before this never did, the database refuses from now on.

Workers of the version before go on meanwhile. On PostgreSQL nothing here holds a lock for long: every
statement commits by itself, rows are checked while others write, and a broken-off upgrade is repeated.
"""

from collections.abc import Iterator

import sqlalchemy as sa
from alembic import op

from gate_store.migrations.laws import LOCK_TIMEOUT, Check, Reference, Trigger, on_postgres, on_sqlite

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


CHECKS = (
    Check(
        "runs",
        "a_waiting_run_has_a_pause_and_a_plan",
        "status NOT IN ('PAUSED', 'READY', 'IN_DOUBT') OR pause IS NOT NULL AND plan_id IS NOT NULL",
    ),
    Check(
        "runs",
        "a_paused_run_may_do_nothing",
        "status <> 'PAUSED' OR answer IS NULL AND digest IS NULL AND use_by IS NULL",
    ),
    Check(
        "runs",
        "a_run_in_doubt_can_go_on",
        "status <> 'IN_DOUBT' OR answer IS NOT NULL AND digest IS NOT NULL",
    ),
    Check("runs", "a_running_run_has_a_worker", "(status = 'RUNNING') = (worker IS NOT NULL)"),
    Check("runs", "what_is_cleared_is_a_plan", "digest IS NULL OR plan_id IS NOT NULL"),
)
REFERENCES = (
    Reference("runs", "a_run_executes_its_own_plan", ("digest", "plan_id"), "clearances"),
    Reference("effects", "an_effect_is_of_the_cleared_plan", ("digest", "plan_id"), "clearances"),
)
TRIGGERS = (
    Trigger(
        "gates",
        "the_terms_of_a_gate_are_frozen",
        (
            "UPDATE OF gate_id, plan_id, revision, digest, kind, timing, attempt, thread_id, deadline,"
            " requested_at, request",
        ),
    ),
    Trigger("gates", "a_closed_gate_never_changes", ("UPDATE OF state, verdict",), "OLD.state <> 'PENDING'"),
    Trigger(
        "gates",
        "a_closed_gate_has_its_decision",
        ("INSERT", "UPDATE OF state"),
        "NEW.state <> 'PENDING'",
        "SELECT 1 FROM decisions WHERE gate_id = NEW.gate_id AND disposition = 'DECIDED'",
    ),
    Trigger(
        "decisions",
        "a_recorded_decision_never_changes",
        (
            "UPDATE OF arrival, decision_id, gate_id, plan_id, kind, decided_by, decided_at, recorded_at,"
            " record",
        ),
    ),
    Trigger(
        "decisions",
        "what_became_of_a_decision_is_final",
        ("UPDATE OF disposition, why",),
        "OLD.disposition <> 'WAITING'",
    ),
    Trigger(
        "clearances",
        "only_an_approved_gate_clears",
        ("INSERT", "UPDATE OF gate_id"),
        "NEW.gate_id IS NOT NULL",
        "SELECT 1 FROM gates WHERE gate_id = NEW.gate_id AND plan_id = NEW.plan_id"
        " AND state = 'APPROVED' AND kind = 'PLAN' AND timing = 'BEFORE'",
    ),
    Trigger(
        "clearances",
        "a_clearance_is_renewed_by_another_gate_alone",
        ("UPDATE",),
        "NEW.digest <> OLD.digest OR NEW.plan_id <> OLD.plan_id OR NEW.revision <> OLD.revision"
        " OR NEW.gate_id IS NULL OR NEW.gate_id = OLD.gate_id",
    ),
    Trigger("cleared_steps", "what_was_cleared_never_changes", ("UPDATE",)),
    Trigger(
        "effects",
        "an_effect_keeps_its_plan_and_step",
        ("UPDATE OF effect_id, plan_id, step_id",),
        "NEW.effect_id <> OLD.effect_id OR NEW.plan_id <> OLD.plan_id OR NEW.step_id <> OLD.step_id",
    ),
    Trigger("effects", "a_succeeded_effect_is_final", ("UPDATE",), "OLD.state = 'SUCCEEDED'"),
    Trigger(
        "effects",
        "nothing_is_repeated_in_doubt",
        ("UPDATE OF state",),
        "NEW.state = 'CLAIMED' AND OLD.state = 'IN_DOUBT' OR NEW.state = 'RETRY' AND OLD.state <> 'IN_DOUBT'",
    ),
    Trigger(
        "runs",
        "tokens_only_grow",
        ("UPDATE OF token, status, worker",),
        "NEW.token < OLD.token OR NEW.token = OLD.token AND NEW.status = 'RUNNING'"
        " AND (OLD.status <> 'RUNNING' OR NEW.worker <> OLD.worker)",
    ),
    Trigger("outcomes", "the_first_outcome_stays", ("UPDATE",)),
    Trigger("outbox", "what_was_said_never_changes", ("UPDATE",)),
)

# SQLite keeps no checks of a table that alembic makes anew: those of 0001, as they stand there.
_KEPT = {
    "runs": (
        Check(
            "runs",
            "run_status_is_a_word",
            "status IN ('RUNNING', 'PAUSED', 'READY', 'DONE', 'FAILED', 'IN_DOUBT', 'STALE')",
        ),
        Check("runs", "one_run_one_worker", "(status = 'RUNNING') = (lease_until IS NOT NULL)"),
        Check("runs", "a_ready_run_has_an_answer", "status <> 'READY' OR answer IS NOT NULL"),
    ),
    "effects": (
        Check(
            "effects",
            "effect_state_is_a_word",
            "state IN ('CLAIMED', 'SUCCEEDED', 'FAILED', 'IN_DOUBT', 'RETRY')",
        ),
        Check(
            "effects",
            "a_finished_effect_has_a_time",
            "(state IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL)",
        ),
    ),
}

_TARGET = "a_clearance_is_of_one_plan"  # what a foreign key on both columns needs


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        with op.get_context().autocommit_block():
            for statement in _on_postgres():
                op.execute(statement)
    else:
        _on_sqlite()


def _on_postgres() -> Iterator[str]:
    yield f"SET lock_timeout = '{LOCK_TIMEOUT}'"
    for each in (*CHECKS, *REFERENCES):
        yield f"ALTER TABLE {each.table} DROP CONSTRAINT IF EXISTS {each.name}"  # of a broken-off upgrade
    yield f"DROP INDEX CONCURRENTLY IF EXISTS {_TARGET}"
    yield f"CREATE UNIQUE INDEX CONCURRENTLY {_TARGET} ON clearances (digest, plan_id)"
    for check in CHECKS:
        yield f"ALTER TABLE {check.table} ADD CONSTRAINT {check.name} CHECK ({check.holds}) NOT VALID"
    for pair in REFERENCES:
        columns = ", ".join(pair.columns)
        yield (
            f"ALTER TABLE {pair.table} ADD CONSTRAINT {pair.name} FOREIGN KEY ({columns})"
            f" REFERENCES {pair.target} ({columns}) NOT VALID"
        )
    for each in (*CHECKS, *REFERENCES):
        yield f"ALTER TABLE {each.table} VALIDATE CONSTRAINT {each.name}"
    for trigger in TRIGGERS:
        yield from on_postgres(trigger)
    yield "RESET lock_timeout"


def _on_sqlite() -> None:
    op.create_index(_TARGET, "clearances", ["digest", "plan_id"], unique=True)
    for table, kept in _KEPT.items():
        checks = [*kept, *(each for each in CHECKS if each.table == table)]
        held = [sa.CheckConstraint(each.holds, name=each.name) for each in checks]
        with op.batch_alter_table(table, recreate="always", table_args=tuple(held)) as batch:
            for pair in REFERENCES:
                if pair.table == table:
                    batch.create_foreign_key(pair.name, pair.target, [*pair.columns], [*pair.columns])
    for trigger in TRIGGERS:
        for statement in on_sqlite(trigger):
            op.execute(statement)
