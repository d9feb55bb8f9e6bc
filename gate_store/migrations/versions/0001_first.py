"""The first schema."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "decisions",
        sa.Column(
            "arrival",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=True,
            nullable=False,
            comment="the order of the log",
        ),
        sa.Column("decision_id", sa.Uuid(), nullable=False, comment="event_id of DecisionMade"),
        sa.Column("gate_id", sa.Uuid(), nullable=False, comment="no foreign key: a decision may come first"),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=False),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("disposition", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False, comment="DecisionMade, whole"),
        sa.CheckConstraint(
            "disposition IN ('WAITING', 'DECIDED', 'COUNTED', 'LATE', 'REFUSED')",
            name="disposition_is_a_word",
        ),
        sa.PrimaryKeyConstraint("arrival", name="pk_decisions"),
        sa.UniqueConstraint("decision_id", name="uq_decisions_decision_id"),
    )
    op.create_index(
        "a_quorum_counts_distinct_people",
        "decisions",
        ["gate_id", "decided_by"],
        unique=True,
        postgresql_where=sa.text("disposition = 'COUNTED'"),
        sqlite_where=sa.text("disposition = 'COUNTED'"),
    )
    op.create_index("ix_decisions_gate_id", "decisions", ["gate_id"], unique=False)
    op.create_index(
        "ix_decisions_waiting",
        "decisions",
        ["recorded_at"],
        unique=False,
        postgresql_where=sa.text("disposition = 'WAITING'"),
        sqlite_where=sa.text("disposition = 'WAITING'"),
    )
    op.create_index(
        "the_first_decision_wins",
        "decisions",
        ["gate_id"],
        unique=True,
        postgresql_where=sa.text("disposition = 'DECIDED'"),
        sqlite_where=sa.text("disposition = 'DECIDED'"),
    )
    op.create_table(
        "gates",
        sa.Column("gate_id", sa.Uuid(), nullable=False, comment="request_id of the approval request"),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("timing", sa.Text(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=True),
        sa.Column("deadline", sa.DateTime(timezone=True), nullable=False),
        sa.Column("requested_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "request",
            sa.JSON(),
            nullable=False,
            comment="ApprovalRequested, whole: the terms are frozen here",
        ),
        sa.Column("verdict", sa.JSON(none_as_null=True), nullable=True, comment="PlanDecided, whole"),
        sa.Column("expiry_asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "asked_again_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="its verdict went stale unused",
        ),
        sa.CheckConstraint("(state = 'PENDING') = (verdict IS NULL)", name="a_closed_gate_has_a_verdict"),
        sa.CheckConstraint("kind IN ('PLAN', 'IN_DOUBT')", name="gate_kind_is_a_word"),
        sa.CheckConstraint(
            "state IN ('PENDING', 'APPROVED', 'REJECTED', 'RESPONDED', 'EXPIRED', 'WITHDRAWN', 'SUPERSEDED')",
            name="gate_state_is_a_word",
        ),
        sa.CheckConstraint("timing IN ('BEFORE', 'AFTER')", name="gate_timing_is_a_word"),
        sa.PrimaryKeyConstraint("gate_id", name="pk_gates"),
    )
    op.create_index(
        "ix_gates_pending",
        "gates",
        ["deadline"],
        unique=False,
        postgresql_where=sa.text("state = 'PENDING'"),
        sqlite_where=sa.text("state = 'PENDING'"),
    )
    op.create_index("ix_gates_plan_id", "gates", ["plan_id"], unique=False)
    op.create_index("ix_gates_thread_id", "gates", ["thread_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column(
            "id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=True, nullable=False
        ),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("record", sa.Text(), nullable=False, comment="the record type, which names the topic"),
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False, comment="Avro body without framing"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
        sa.UniqueConstraint("event_id", name="uq_outbox_event_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "outcomes",
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("event_id", sa.Uuid(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("record", sa.JSON(), nullable=False, comment="PlanExecuted, whole"),
        sa.PrimaryKeyConstraint("plan_id", name="pk_outcomes"),
    )
    op.create_table(
        "clearances",
        sa.Column(
            "digest", sa.Text(), nullable=False, comment="plan digest: names plan, revision, steps and run"
        ),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("gate_id", sa.Uuid(), nullable=True, comment="null: the router cleared it"),
        sa.Column("cleared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("use_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column("record", sa.JSON(), nullable=False, comment="PlanCleared or PlanDecided, whole"),
        sa.ForeignKeyConstraint(["gate_id"], ["gates.gate_id"], name="fk_clearances_gate_id"),
        sa.PrimaryKeyConstraint("digest", name="pk_clearances"),
    )
    op.create_index("ix_clearances_plan_id", "clearances", ["plan_id"], unique=False)
    op.create_table(
        "cleared_steps",
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("step_digest", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["digest"], ["clearances.digest"], name="fk_cleared_steps_digest"),
        sa.PrimaryKeyConstraint("digest", "step_id", name="pk_cleared_steps"),
        sa.UniqueConstraint("digest", "step_id", "step_digest", name="a_cleared_step_has_one_content"),
    )
    op.create_table(
        "runs",
        sa.Column("thread_id", sa.Text(), nullable=False),
        sa.Column("graph", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column(
            "token",
            sa.BigInteger(),
            nullable=False,
            comment="grows with every claim; fences checkpoint writes",
        ),
        sa.Column("worker", sa.Text(), nullable=True),
        sa.Column("lease_until", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "plan_id", sa.Uuid(), nullable=True, comment="the plan that the run is paused at or executes"
        ),
        sa.Column("digest", sa.Text(), nullable=True, comment="what it may execute"),
        sa.Column(
            "pause", sa.JSON(none_as_null=True), nullable=True, comment="RunIdentity of the bound pause"
        ),
        sa.Column("answer", sa.JSON(none_as_null=True), nullable=True, comment="GateAnswer to resume with"),
        sa.Column("use_by", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "head_id", sa.Text(), nullable=True, comment="the newest checkpoint that a resumer of ours wrote"
        ),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column(
            "alone",
            sa.Boolean(),
            nullable=False,
            server_default=sa.false(),
            comment="its last worker died with it in hand: tried next with nothing beside it",
        ),
        sa.Column("not_before", sa.DateTime(timezone=True), nullable=False),
        sa.Column("error", sa.Text(), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("(status = 'RUNNING') = (lease_until IS NOT NULL)", name="one_run_one_worker"),
        sa.CheckConstraint("status <> 'READY' OR answer IS NOT NULL", name="a_ready_run_has_an_answer"),
        sa.CheckConstraint(
            "status IN ('RUNNING', 'PAUSED', 'READY', 'DONE', 'FAILED', 'IN_DOUBT', 'STALE')",
            name="run_status_is_a_word",
        ),
        sa.ForeignKeyConstraint(["digest"], ["clearances.digest"], name="fk_runs_digest"),
        sa.PrimaryKeyConstraint("thread_id", name="pk_runs"),
    )
    op.create_index(
        "ix_runs_alone",
        "runs",
        ["not_before"],
        unique=False,
        postgresql_where=sa.text("status = 'READY' AND alone"),
        sqlite_where=sa.text("status = 'READY' AND alone = 1"),
    )
    op.create_index(
        "ix_runs_leases",
        "runs",
        ["lease_until"],
        unique=False,
        postgresql_where=sa.text("status = 'RUNNING'"),
        sqlite_where=sa.text("status = 'RUNNING'"),
    )
    op.create_index(
        "ix_runs_ready",
        "runs",
        ["not_before"],
        unique=False,
        postgresql_where=sa.text("status = 'READY'"),
        sqlite_where=sa.text("status = 'READY'"),
    )
    op.create_table(
        "effects",
        sa.Column(
            "effect_id", sa.Uuid(), nullable=False, comment="UUIDv5 of plan and step: one effect for each"
        ),
        sa.Column("plan_id", sa.Uuid(), nullable=False),
        sa.Column("digest", sa.Text(), nullable=False),
        sa.Column("step_id", sa.Text(), nullable=False),
        sa.Column("step_digest", sa.Text(), nullable=False),
        sa.Column("action_type", sa.Text(), nullable=False),
        sa.Column("thread_id", sa.Text(), nullable=True),
        sa.Column("token", sa.BigInteger(), nullable=False, comment="the claimant's fencing token"),
        sa.Column("executor", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("window_key", sa.Text(), nullable=True, comment="the catalogue's effect key"),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("result", sa.JSON(none_as_null=True), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(state IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL)",
            name="a_finished_effect_has_a_time",
        ),
        sa.CheckConstraint(
            "state IN ('CLAIMED', 'SUCCEEDED', 'FAILED', 'IN_DOUBT', 'RETRY')", name="effect_state_is_a_word"
        ),
        sa.ForeignKeyConstraint(
            ["digest", "step_id", "step_digest"],
            ["cleared_steps.digest", "cleared_steps.step_id", "cleared_steps.step_digest"],
            name="no_effect_without_clearance",
        ),
        sa.PrimaryKeyConstraint("effect_id", name="pk_effects"),
    )
    op.create_index("ix_effects_plan_id", "effects", ["plan_id"], unique=False)
    op.create_index("ix_effects_window", "effects", ["window_key", "claimed_at"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_effects_window", table_name="effects")
    op.drop_index("ix_effects_plan_id", table_name="effects")
    op.drop_table("effects")
    op.drop_index(
        "ix_runs_ready",
        table_name="runs",
        postgresql_where=sa.text("status = 'READY'"),
        sqlite_where=sa.text("status = 'READY'"),
    )
    op.drop_index(
        "ix_runs_leases",
        table_name="runs",
        postgresql_where=sa.text("status = 'RUNNING'"),
        sqlite_where=sa.text("status = 'RUNNING'"),
    )
    op.drop_table("runs")
    op.drop_table("cleared_steps")
    op.drop_index("ix_clearances_plan_id", table_name="clearances")
    op.drop_table("clearances")
    op.drop_table("outcomes")
    op.drop_table("outbox")
    op.drop_index("ix_gates_thread_id", table_name="gates")
    op.drop_index("ix_gates_plan_id", table_name="gates")
    op.drop_index(
        "ix_gates_pending",
        table_name="gates",
        postgresql_where=sa.text("state = 'PENDING'"),
        sqlite_where=sa.text("state = 'PENDING'"),
    )
    op.drop_table("gates")
    op.drop_index(
        "the_first_decision_wins",
        table_name="decisions",
        postgresql_where=sa.text("disposition = 'DECIDED'"),
        sqlite_where=sa.text("disposition = 'DECIDED'"),
    )
    op.drop_index(
        "ix_decisions_waiting",
        table_name="decisions",
        postgresql_where=sa.text("disposition = 'WAITING'"),
        sqlite_where=sa.text("disposition = 'WAITING'"),
    )
    op.drop_index("ix_decisions_gate_id", table_name="decisions")
    op.drop_index(
        "a_quorum_counts_distinct_people",
        table_name="decisions",
        postgresql_where=sa.text("disposition = 'COUNTED'"),
        sqlite_where=sa.text("disposition = 'COUNTED'"),
    )
    op.drop_table("decisions")
