"""The tables. Every law that a database can hold is a named constraint.

What a row may be stands here; what may never happen to a row is a trigger of `migrations`, named alike.

Each table has one writer: `gates`, `decisions` and `clearances` the gatekeeper; `effects` and the execution
columns of `runs` the resumer (or the ledger of a service); `outbox` whoever has something to say, in the
transaction that made it true.
"""

from datetime import UTC, datetime

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Dialect,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    Uuid,
    and_,
    false,
)

from gate_events.words import GateState, RequestKind, Timing, known

metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ix": "ix_%(table_name)s_%(column_0_name)s",
    }
)


class UtcMoment(TypeDecorator[datetime]):
    """A point in time, UTC: timestamptz on PostgreSQL, sortable text on SQLite."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the signature is SQLAlchemy's
        """SQLite keeps no zone, so everything is stored as UTC."""
        return value.astimezone(UTC) if value else None

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002 - the same
        """Give the zone back."""
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


BigId = BigInteger().with_variant(Integer, "sqlite")  # SQLite counts only INTEGER keys up


def _one_of(column: str, words: list[str]) -> str:
    return f"{column} IN ({', '.join(repr(word) for word in words)})"


_TRACEPARENT = "W3C trace context of what led here; null: none is known"

DISPOSITIONS = ["WAITING", "DECIDED", "COUNTED", "LATE", "REFUSED"]
RUN_STATES = ["RUNNING", "PAUSED", "READY", "DONE", "FAILED", "IN_DOUBT", "STALE"]
# RETRY: in doubt before, and a human lets it be tried again with its key
EFFECT_STATES = ["CLAIMED", "SUCCEEDED", "FAILED", "IN_DOUBT", "RETRY"]
# DELIVERED: a list that somebody was shown had the gate; SEEN: they opened it
VIEWS = ["DELIVERED", "SEEN"]

_OPEN_OF = "as names are compared, where it asks whether a plan may run; null: kept by an older version"
gates = Table(
    "gates",
    metadata,
    Column("gate_id", Uuid, primary_key=True, comment="request_id of the approval request"),
    Column("plan_id", Uuid, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("digest", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("timing", Text, nullable=False),
    Column("attempt", Integer, nullable=False),
    Column("state", Text, nullable=False),
    Column("thread_id", Text, nullable=True, index=True),
    Column("deadline", UtcMoment, nullable=False),
    Column("requested_at", UtcMoment, nullable=False),
    Column("request", JSON, nullable=False, comment="ApprovalRequested, whole: the terms are frozen here"),
    Column("verdict", JSON(none_as_null=True), nullable=True, comment="PlanDecided, whole"),
    Column("expiry_asked_at", UtcMoment, nullable=True),
    Column("asked_again_at", UtcMoment, nullable=True, comment="its verdict went stale unused"),
    Column(
        "ask_again_at",
        UtcMoment,
        nullable=True,
        comment="when what it cleared for a service is too old; a trigger sets it, the clock takes it off",
    ),
    Column("traceparent", Text, nullable=True, comment=_TRACEPARENT),
    Column("proposer", Text, nullable=True, comment=_OPEN_OF),
    Column("agent", Text, nullable=True, comment=_OPEN_OF),
    CheckConstraint(_one_of("state", [s.value for s in known(GateState)]), name="gate_state_is_a_word"),
    CheckConstraint(_one_of("kind", [k.value for k in known(RequestKind)]), name="gate_kind_is_a_word"),
    CheckConstraint(_one_of("timing", [t.value for t in known(Timing)]), name="gate_timing_is_a_word"),
    CheckConstraint("(state = 'PENDING') = (verdict IS NULL)", name="a_closed_gate_has_a_verdict"),
)
Index(
    "ix_gates_pending",
    gates.c.deadline,
    postgresql_where=gates.c.state == "PENDING",
    sqlite_where=gates.c.state == "PENDING",
)
_open_of_somebody = and_(gates.c.state == "PENDING", gates.c.proposer.is_not(None))
Index(
    "ix_gates_open_of",
    gates.c.proposer,
    gates.c.agent,
    gates.c.thread_id,
    postgresql_where=_open_of_somebody,
    sqlite_where=_open_of_somebody,
)
Index(
    "ix_gates_expired",
    gates.c.deadline,
    postgresql_where=gates.c.state == "EXPIRED",
    sqlite_where=gates.c.state == "EXPIRED",
)
Index(
    "ix_gates_ask_again",
    gates.c.ask_again_at,
    postgresql_where=gates.c.ask_again_at.is_not(None),
    sqlite_where=gates.c.ask_again_at.is_not(None),
)

views = Table(
    "views",
    metadata,
    Column("gate_id", Uuid, primary_key=True, comment="no foreign key: whoever looks shall lock no gate"),
    Column("who", Text, primary_key=True, comment="as they say: nothing proves it"),
    Column("what", Text, primary_key=True),
    Column("at", UtcMoment, nullable=False),
    CheckConstraint(_one_of("what", VIEWS), name="view_is_a_word"),
)

decisions = Table(
    "decisions",
    metadata,
    Column("arrival", BigId, primary_key=True, autoincrement=True, comment="the order of the log"),
    Column("decision_id", Uuid, nullable=False, unique=True, comment="event_id of DecisionMade"),
    Column("gate_id", Uuid, nullable=False, index=True, comment="no foreign key: a decision may come first"),
    Column("plan_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("decided_by", Text, nullable=False),
    Column("decided_at", UtcMoment, nullable=False),
    Column("name", Text, nullable=True, comment="decided_by as names are compared"),
    Column("said_at", UtcMoment, nullable=True, comment="the broker's moment, by which it counts"),
    Column("recorded_at", UtcMoment, nullable=False),
    Column("disposition", Text, nullable=False),
    Column("why", Text, nullable=False),
    Column("record", JSON, nullable=False, comment="DecisionMade, whole"),
    CheckConstraint(_one_of("disposition", DISPOSITIONS), name="disposition_is_a_word"),
)
Index(
    "the_first_decision_wins",
    decisions.c.gate_id,
    unique=True,
    postgresql_where=decisions.c.disposition == "DECIDED",
    sqlite_where=decisions.c.disposition == "DECIDED",
)
Index(
    "a_quorum_counts_distinct_people",
    decisions.c.gate_id,
    decisions.c.decided_by,
    unique=True,
    postgresql_where=decisions.c.disposition == "COUNTED",
    sqlite_where=decisions.c.disposition == "COUNTED",
)
Index(
    "a_quorum_counts_distinct_names",
    decisions.c.gate_id,
    decisions.c.name,
    unique=True,
    postgresql_where=decisions.c.disposition == "COUNTED",
    sqlite_where=decisions.c.disposition == "COUNTED",
)
Index(
    "ix_decisions_waiting",
    decisions.c.recorded_at,
    postgresql_where=decisions.c.disposition == "WAITING",
    sqlite_where=decisions.c.disposition == "WAITING",
)

clearances = Table(
    "clearances",
    metadata,
    Column("digest", Text, primary_key=True, comment="plan digest: names plan, revision, steps and run"),
    Column("plan_id", Uuid, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column(
        "gate_id", Uuid, ForeignKey("gates.gate_id"), nullable=True, comment="null: the router cleared it"
    ),
    Column("cleared_at", UtcMoment, nullable=False, index=True),
    Column("use_by", UtcMoment, nullable=True),
    Column("begun_until", UtcMoment, nullable=True, comment="how long a plan begun in time may go on"),
    Column("attempt", Integer, nullable=False, server_default="1", comment="of the question that cleared it"),
    Column("said_at", UtcMoment, nullable=True, comment="the broker's moment of the router's word"),
    Column("record", JSON, nullable=False, comment="PlanCleared or PlanDecided, whole"),
)
# the digest alone is unique; a foreign key on both needs this
Index("a_clearance_is_of_one_plan", clearances.c.digest, clearances.c.plan_id, unique=True)

cleared_steps = Table(
    "cleared_steps",
    metadata,
    Column("digest", Text, ForeignKey("clearances.digest"), primary_key=True),
    Column("step_id", Text, primary_key=True),
    Column("step_digest", Text, nullable=False),
    Column(
        "after", JSON(none_as_null=True), nullable=True, comment="step ids that must have begun before it"
    ),
    UniqueConstraint("digest", "step_id", "step_digest", name="a_cleared_step_has_one_content"),
)

cleared_actions = Table(
    "cleared_actions",
    metadata,
    Column("digest", Text, ForeignKey("clearances.digest"), primary_key=True),
    Column("action_type", Text, primary_key=True, comment="some step of the plan is of it"),
)

effects = Table(
    "effects",
    metadata,
    Column("effect_id", Uuid, primary_key=True, comment="UUIDv5 of plan and step: one effect for each"),
    Column("plan_id", Uuid, nullable=False, index=True),
    Column("digest", Text, nullable=False),
    Column("step_id", Text, nullable=False),
    Column("step_digest", Text, nullable=False),
    Column("action_type", Text, nullable=False),
    Column("thread_id", Text, nullable=True),
    Column("token", BigInteger, nullable=False, comment="the claimant's fencing token"),
    Column("executor", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("window_key", Text, nullable=True, comment="the catalogue's effect key"),
    Column("attempts", Integer, nullable=False),
    Column("detail", Text, nullable=False),
    Column("result", JSON(none_as_null=True), nullable=True),
    Column("claimed_at", UtcMoment, nullable=False),
    Column("finished_at", UtcMoment, nullable=True),
    Column("doubt_id", Uuid, nullable=True, comment="the gate that asks whether it happened"),
    Column(
        "lease_until", UtcMoment, nullable=True, comment="a service's claim; null: the claimant's run has it"
    ),
    Column("owner", Text, nullable=True, comment="the database's user who claimed it; null on SQLite"),
    CheckConstraint(_one_of("state", EFFECT_STATES), name="effect_state_is_a_word"),
    CheckConstraint(
        "(state IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL)", name="a_finished_effect_has_a_time"
    ),
    ForeignKeyConstraint(
        ["digest", "step_id", "step_digest"],
        ["cleared_steps.digest", "cleared_steps.step_id", "cleared_steps.step_digest"],
        name="no_effect_without_clearance",
    ),
    ForeignKeyConstraint(
        ["digest", "plan_id"],
        ["clearances.digest", "clearances.plan_id"],
        name="an_effect_is_of_the_cleared_plan",
    ),
)
# A result is any JSON that its executor wrote, with a login of its own: who reads effects beside others
# leaves it out, since what cannot be read would stop them all.
EFFECTS_BUT_RESULTS = tuple(column for column in effects.c if column.name != "result")
Index("ix_effects_window", effects.c.window_key, effects.c.claimed_at)
_claimed_by_services = and_(effects.c.state == "CLAIMED", effects.c.lease_until.is_not(None))
Index(
    "ix_effects_leases",
    effects.c.lease_until,
    postgresql_where=_claimed_by_services,
    sqlite_where=_claimed_by_services,
)
_unasked = and_(effects.c.state == "IN_DOUBT", effects.c.doubt_id.is_(None), effects.c.thread_id.is_(None))
Index("ix_effects_unasked", effects.c.claimed_at, postgresql_where=_unasked, sqlite_where=_unasked)
_claimed_by_runs = and_(effects.c.state == "CLAIMED", effects.c.thread_id.is_not(None))
Index(
    "ix_effects_claimed_by_runs",
    effects.c.claimed_at,
    postgresql_where=_claimed_by_runs,
    sqlite_where=_claimed_by_runs,
)
Index(
    "ix_effects_in_doubt",
    effects.c.action_type,
    postgresql_where=effects.c.state == "IN_DOUBT",
    sqlite_where=effects.c.state == "IN_DOUBT",
)

runs = Table(
    "runs",
    metadata,
    Column("thread_id", Text, primary_key=True),
    Column("graph", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("token", BigInteger, nullable=False, comment="grows with every claim; fences checkpoint writes"),
    Column("worker", Text, nullable=True),
    Column("lease_until", UtcMoment, nullable=True),
    Column(
        "plan_id", Uuid, nullable=True, index=True, comment="the plan that the run is paused at or executes"
    ),
    Column("asked_digest", Text, nullable=True, comment="of the plan that the interrupt asked about"),
    Column("digest", Text, ForeignKey("clearances.digest"), nullable=True, comment="what it may execute"),
    Column("pause", JSON(none_as_null=True), nullable=True, comment="RunIdentity of the bound pause"),
    Column("answer", JSON(none_as_null=True), nullable=True, comment="GateAnswer to resume with"),
    Column("use_by", UtcMoment, nullable=True),
    Column("head_id", Text, nullable=True, comment="the newest checkpoint that a resumer of ours wrote"),
    Column("attempts", Integer, nullable=False),
    Column(
        "alone",
        Boolean,
        nullable=False,
        server_default=false(),
        comment="its last worker died with it in hand: tried next with nothing beside it",
    ),
    Column("not_before", UtcMoment, nullable=False),
    Column("error", Text, nullable=False),
    Column("created_at", UtcMoment, nullable=False),
    Column("updated_at", UtcMoment, nullable=False),
    Column("owner", Text, nullable=True, comment="the database's user who began it; null on SQLite"),
    Column("traceparent", Text, nullable=True, comment=_TRACEPARENT),
    CheckConstraint(_one_of("status", RUN_STATES), name="run_status_is_a_word"),
    CheckConstraint("(status = 'RUNNING') = (lease_until IS NOT NULL)", name="one_run_one_worker"),
    CheckConstraint("status <> 'READY' OR answer IS NOT NULL", name="a_ready_run_has_an_answer"),
    # the agent's own process may run and end without a gate; whoever waits was asked about a plan
    CheckConstraint(
        "status NOT IN ('PAUSED', 'READY', 'IN_DOUBT') OR pause IS NOT NULL AND plan_id IS NOT NULL",
        name="a_waiting_run_has_a_pause_and_a_plan",
    ),
    CheckConstraint(
        "status <> 'PAUSED' OR answer IS NULL AND digest IS NULL AND use_by IS NULL",
        name="a_paused_run_may_do_nothing",
    ),
    CheckConstraint(
        "status <> 'IN_DOUBT' OR answer IS NOT NULL AND digest IS NOT NULL", name="a_run_in_doubt_can_go_on"
    ),
    CheckConstraint("(status = 'RUNNING') = (worker IS NOT NULL)", name="a_running_run_has_a_worker"),
    CheckConstraint("digest IS NULL OR plan_id IS NOT NULL", name="what_is_cleared_is_a_plan"),
    ForeignKeyConstraint(
        ["digest", "plan_id"],
        ["clearances.digest", "clearances.plan_id"],
        name="a_run_executes_its_own_plan",
    ),
)
Index(
    "ix_runs_ready",
    runs.c.not_before,
    postgresql_where=runs.c.status == "READY",
    sqlite_where=runs.c.status == "READY",
)
Index(
    "ix_runs_alone",
    runs.c.not_before,
    postgresql_where=and_(runs.c.status == "READY", runs.c.alone),
    sqlite_where=and_(runs.c.status == "READY", runs.c.alone),
)
Index(
    "ix_runs_paused",
    runs.c.updated_at,
    postgresql_where=runs.c.status == "PAUSED",
    sqlite_where=runs.c.status == "PAUSED",
)
Index(
    "ix_runs_leases",
    runs.c.lease_until,
    postgresql_where=runs.c.status == "RUNNING",
    sqlite_where=runs.c.status == "RUNNING",
)
Index(
    "ix_runs_in_doubt",
    runs.c.updated_at,
    postgresql_where=runs.c.status == "IN_DOUBT",
    sqlite_where=runs.c.status == "IN_DOUBT",
)

revisions = Table(
    "revisions",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("revision", Integer, primary_key=True, autoincrement=False),
    Column("digest", Text, nullable=False),
    Column("proposer", Text, nullable=False, comment="as names are compared: the owner of a plan id"),
    Column("agent", Text, nullable=False, comment="likewise"),
    Column("thread_id", Text, nullable=True, comment="of the run whose plan it is"),
    Column("recorded_at", UtcMoment, nullable=False),
)

revocations = Table(
    "revocations",
    metadata,
    Column("digest", Text, ForeignKey("clearances.digest"), primary_key=True, comment="what may run no more"),
    Column("by_digest", Text, nullable=True, comment="the plan that takes its place"),
    Column("at", UtcMoment, nullable=False),
    Column("why", Text, nullable=False),
)

stale_clearances = Table(
    "stale_clearances",
    metadata,
    Column("digest", Text, ForeignKey("clearances.digest"), primary_key=True, comment="not to be begun"),
    Column("attempt", Integer, primary_key=True, autoincrement=False, comment="a later one renews it"),
    Column("at", UtcMoment, nullable=False),
    Column("why", Text, nullable=False),
    Column("asked_at", UtcMoment, nullable=True, comment="null: the gatekeeper has still to ask"),
)
Index(
    "ix_stale_clearances_to_ask",
    stale_clearances.c.at,
    postgresql_where=stale_clearances.c.asked_at.is_(None),
    sqlite_where=stale_clearances.c.asked_at.is_(None),
)

planned_effects = Table(
    "planned_effects",
    metadata,
    Column("digest", Text, primary_key=True, comment="of a plan that was asked about or cleared"),
    Column("step_id", Text, primary_key=True),
    Column("plan_id", Uuid, nullable=False),
    Column("window_key", Text, nullable=False, index=True),
    Column("window_s", Integer, nullable=True, comment="how long it counts as done; null: nobody noted it"),
    Column("noted_at", UtcMoment, nullable=False),
)

policies = Table(
    "policies",
    metadata,
    Column("digest", Text, primary_key=True),
    Column("text", Text, nullable=False, comment="the catalogue as it was judged by"),
    Column("first_seen", UtcMoment, nullable=False),
    Column("by", Text, nullable=False),
)

workers = Table(
    "workers",
    metadata,
    Column("name", Text, primary_key=True, comment="of one process, with a random part"),
    Column("instance", Text, nullable=False, index=True, comment="its place: a new start there ends the old"),
    Column("started_at", UtcMoment, nullable=False),
    Column("ended_at", UtcMoment, nullable=True),
)

# No index holds what changes every few seconds, so that PostgreSQL uses a row's room again by itself.
heartbeats = Table(
    "heartbeats",
    metadata,
    Column("name", Text, primary_key=True, comment="of one process, with a random part"),
    Column("part", Text, primary_key=True, comment="router, gatekeeper or resumer"),
    Column("instance", Text, nullable=False, comment="its place: a new start there takes the old one's"),
    Column("host", Text, nullable=False),
    Column("version", Text, nullable=False, comment="of Plangate"),
    Column("catalogue", Text, nullable=False, comment="digest of the one that it judges by"),
    Column("graphs", JSON, nullable=False, comment="version by name, of those that it resumes"),
    Column("started_at", UtcMoment, nullable=False),
    Column("beat_at", UtcMoment, nullable=False),
    Column("trouble", Text, nullable=True, comment="why it does not do its part, in its own words"),
    Column(
        "undoes",
        JSON(none_as_null=True),
        nullable=True,
        comment="by graph, the action types of undo plans that it executes",
    ),
)

undo_plans = Table(
    "undo_plans",
    metadata,
    Column("digest", Text, primary_key=True, comment="of the plan made of an UNDO, or of an edit of it"),
    Column("plan_id", Uuid, nullable=False, index=True),
    Column("gate_id", Uuid, ForeignKey("gates.gate_id"), nullable=False, index=True, comment="decided UNDO"),
    Column(
        "graph", Text, nullable=True, comment="whose run is undone: its functions may; null: a service's plan"
    ),
    Column("ended_at", UtcMoment, nullable=True, comment="null: it has no outcome that this store knows"),
)
_goes_on = undo_plans.c.ended_at.is_(None)
Index("ix_undo_plans_open", undo_plans.c.digest, postgresql_where=_goes_on, sqlite_where=_goes_on)

stops = Table(
    "stops",
    metadata,
    Column("stop_id", Uuid, primary_key=True),
    Column("action_type", Text, nullable=True, comment="nothing of it is begun; null: nothing at all"),
    Column("by", Text, nullable=False),
    Column("note", Text, nullable=False),
    Column("at", UtcMoment, nullable=False),
    Column("ended_by", Text, nullable=True),
    Column("ended_note", Text, nullable=True),
    Column("ended_at", UtcMoment, nullable=True, comment="null: it is in force"),
    CheckConstraint(
        "(ended_at IS NULL) = (ended_by IS NULL) AND (ended_at IS NULL) = (ended_note IS NULL)",
        name="a_stop_is_ended_by_somebody",
    ),
)
_in_force = stops.c.ended_at.is_(None)
Index("ix_stops_in_force", stops.c.action_type, postgresql_where=_in_force, sqlite_where=_in_force)

run_events = Table(
    "run_events",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("thread_id", Text, nullable=False, comment="no foreign key: what a node says shall lock no run"),
    Column("plan_id", Uuid, nullable=False, comment="of the plan whose answer the run went on with"),
    Column("at", UtcMoment, nullable=False),
    Column("event", Text, nullable=False, comment="JSON, as a node gave it to its stream writer"),
    Index("ix_run_events_thread_id", "thread_id", "id"),
    Index("ix_run_events_at", "at"),
)

executions = Table(
    "executions",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("executor", Text, nullable=False),
    Column("begun_at", UtcMoment, nullable=True, comment="null: nobody said so"),
    Column("heard_at", UtcMoment, nullable=True, comment="when it was last said to be at it"),
    Column("due_at", UtcMoment, nullable=True, comment="then a human is asked, unless its outcome came"),
    Column("asked_at", UtcMoment, nullable=True, comment="its outcome did not come: a human was asked"),
    Column(
        "disputed",
        JSON(none_as_null=True),
        nullable=True,
        comment="Finding: how else the plan was told; null: nobody told it otherwise",
    ),
)
_awaited = and_(executions.c.due_at.is_not(None), executions.c.asked_at.is_(None))
Index("ix_executions_due", executions.c.due_at, postgresql_where=_awaited, sqlite_where=_awaited)

plan_outcomes = Table(
    "plan_outcomes",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column(
        "attempt",
        Integer,
        primary_key=True,
        autoincrement=False,
    ),
    Column("event_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False, index=True),
    Column("said_at", UtcMoment, nullable=True, comment="the broker's moment, where it keeps one"),
    Column("record", JSON, nullable=False, comment="PlanExecuted, whole"),
)

uncounted_outcomes = Table(
    "uncounted_outcomes",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("digest", Text, primary_key=True),
    Column("attempt", Integer, primary_key=True, autoincrement=False),
    Column("told", Text, primary_key=True, comment="a digest of what it says happened"),
    Column("recorded_at", UtcMoment, nullable=False, index=True),
    Column("said_at", UtcMoment, nullable=True, comment="the broker's moment, where it keeps one"),
    Column(
        "why",
        Text,
        nullable=True,
        comment="why it becomes a dead letter; null: it waits for the clearance, behind the first",
    ),
    Column("record", JSON, nullable=False, comment="PlanExecuted, whole"),
)

# A trigger notes here the questions, proposals and outcomes of the outbox: the gatekeeper meets them again on
# topics, or takes them from here.
own_requests = Table(
    "own_requests",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("contract", Text, nullable=True, comment="as in the outbox"),
    Column("body", LargeBinary, nullable=False, comment="likewise"),
    Index("ix_own_requests_contract", "contract", "event_id"),
)

# Workers of the version before do not start without it; nothing reads or writes it. It goes a release later.
own_words = Table(
    "own_words",
    metadata,
    Column("event_id", Uuid, primary_key=True),
    Column("body", LargeBinary, nullable=False, comment="as in the outbox"),
)

asked_anew = Table(
    "asked_anew",
    metadata,
    Column("request_id", Uuid, primary_key=True, comment="of a request that was not taken as it was"),
    Column("gate_id", Uuid, ForeignKey("gates.gate_id"), nullable=False, comment="what was asked instead"),
    Column("why", Text, nullable=False),
)

waiting_plans = Table(
    "waiting_plans",
    metadata,
    Column("claim", Text, primary_key=True, comment="a digest of the record, to the letter"),
    Column("record", Text, nullable=False, comment="the record type"),
    Column("plan_id", Uuid, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("body", JSON, nullable=False, comment="the record, whole: an earlier revision has not come yet"),
    Column("recorded_at", UtcMoment, nullable=False, index=True),
    Column("why", Text, nullable=True, comment="why it becomes a dead letter; null: it waits"),
)
_refused = waiting_plans.c.why.is_not(None)
Index(
    "ix_waiting_plans_refused",
    waiting_plans.c.recorded_at,
    postgresql_where=_refused,
    sqlite_where=_refused,
)

queued_plans = Table(
    "queued_plans",
    metadata,
    Column("arrival", BigId, primary_key=True, autoincrement=True, comment="the order of their turns"),
    Column("gate_id", Uuid, nullable=False, index=True, comment="as which it is asked once its turn comes"),
    Column("request_id", Uuid, nullable=False, index=True, comment="of the router's, which is no gate"),
    Column("plan_id", Uuid, nullable=False, index=True),
    Column("revision", Integer, nullable=False),
    Column("proposer", Text, nullable=False, comment="as names are compared"),
    Column("agent", Text, nullable=False, comment="as names are compared"),
    Column("of_runs", Boolean, nullable=False, comment="counted apart from services' plans"),
    Column("thread_id", Text, nullable=True, index=True),
    Column("queued_at", UtcMoment, nullable=False),
    Column(
        "request",
        JSON,
        nullable=False,
        comment="ApprovalRequested, whole, as it would have been asked when it came",
    ),
    Column("why", Text, nullable=True, comment="why it is never asked; null: it waits"),
)
_waits = queued_plans.c.why.is_(None)
Index(
    "ix_queued_plans_next",
    queued_plans.c.proposer,
    queued_plans.c.agent,
    queued_plans.c.of_runs,
    queued_plans.c.arrival,
    postgresql_where=_waits,
    sqlite_where=_waits,
)

restores = Table(
    "restores",
    metadata,
    Column("nth", Integer, primary_key=True, autoincrement=False),
    Column("since", UtcMoment, nullable=False, comment="as the operator said: the backup's moment"),
    Column("until", UtcMoment, nullable=False, comment="when the store was lost"),
    Column("noted_at", UtcMoment, nullable=False),
    Column("idempotent", JSON, nullable=False, comment="action types that are simply repeated"),
)

lost_plans = Table(
    "lost_plans",
    metadata,
    Column("plan_id", Uuid, primary_key=True, comment="it may have run after the backup"),
    Column(
        "thread_id",
        Text,
        nullable=True,
        index=True,
        comment="of a run that does not know it: it asks it anew",
    ),
    Column("redone_as", Uuid, nullable=True, comment="the plan that this run asked in its place"),
    Column("told", JSON, nullable=False, comment="what outcomes say, by digest and step"),
)

told_before = Table(
    "told_before",
    metadata,
    Column("word", Text, primary_key=True, comment="a clearance's digest or the event id of a verdict"),
)

# Workers of the version before write here; a trigger takes what they write into plan_outcomes.
outcomes = Table(
    "outcomes",
    metadata,
    Column("plan_id", Uuid, primary_key=True),
    Column("event_id", Uuid, nullable=False),
    Column("status", Text, nullable=False),
    Column("recorded_at", UtcMoment, nullable=False),
    Column("record", JSON, nullable=False, comment="PlanExecuted, whole"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigId, primary_key=True, autoincrement=True),
    Column("event_id", Uuid, nullable=False, unique=True),
    Column("record", Text, nullable=False, comment="the record type, which names the topic"),
    Column("key", Text, nullable=False),
    Column("body", LargeBinary, nullable=False, comment="Avro body without framing"),
    Column("contract", Text, nullable=True, comment="its fingerprint in hex; null: the first contract"),
    Column("created_at", UtcMoment, nullable=False),
    Column("owner", Text, nullable=True, comment="the database's user who said it; null on SQLite"),
    Column("traceparent", Text, nullable=True, comment=_TRACEPARENT),
    # A relay forgets rows by id after they are published: an id used again would be another record's.
    sqlite_autoincrement=True,
)
