"""The laws that the database holds: each named constraint refuses the row that would break it."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Executable, Table, insert, update
from sqlalchemy.exc import IntegrityError

from gate_events.words import OutcomeStatus
from gate_store.clearances import record_cleared
from gate_store.ledger import claim_effect
from gate_store.outbox import put
from gate_store.outcomes import record_outcomes
from gate_store.tables import (
    clearances,
    cleared_steps,
    decisions,
    effects,
    gates,
    metadata,
    outbox,
    outcomes,
    runs,
)
from tests.store.acting import ask, decide
from tests.store.examples import NOON, STEPS, asked, cleared, decided, executed, plan_id, proposed, run

REQUEST = asked(quorum=2, run=run())
CLEARED = cleared(plan_id("cleared"))


def fill(conn: Connection) -> None:
    """A pending gate with one voice, a closed gate, a run at its gate, an effect begun."""
    closed = asked(plan_id("closed"))
    ask(conn, REQUEST, closed)
    decide(conn, decided(REQUEST), decided(closed))
    record_cleared(conn, [CLEARED], NOON)
    claim_effect(conn, CLEARED.plan_id, CLEARED.digest, STEPS[0], "w", NOON)
    record_outcomes(conn, [executed(CLEARED)], NOON)
    put(conn, [proposed()], NOON)


def new_decision(disposition: str, by: str, plan: object = "plan") -> dict[str, Any]:
    request = asked(plan_id(plan))
    return {
        "decision_id": uuid4(),
        "gate_id": request.request_id,
        "plan_id": request.plan_id,
        "kind": "APPROVE",
        "decided_by": by,
        "decided_at": NOON,
        "recorded_at": NOON,
        "disposition": disposition,
        "why": "",
        "record": decided(request),
    }


def new_gate(**changes: Any) -> dict[str, Any]:
    return {
        "gate_id": uuid4(),
        "plan_id": uuid4(),
        "revision": 1,
        "digest": "0" * 64,
        "kind": "PLAN",
        "timing": "BEFORE",
        "attempt": 1,
        "state": "PENDING",
        "deadline": NOON,
        "requested_at": NOON,
        "request": REQUEST,
        **changes,
    }


def new_run(**changes: Any) -> dict[str, Any]:
    return {
        "thread_id": "new",
        "graph": "g",
        "status": "PAUSED",
        "token": 0,
        "attempts": 0,
        "not_before": NOON,
        "error": "",
        "created_at": NOON,
        "updated_at": NOON,
        **changes,
    }


def new_step(digest: str, step_id: str) -> dict[str, Any]:
    return {"digest": digest, "step_id": step_id, "step_digest": "0" * 64}


def new_effect(**changes: Any) -> dict[str, Any]:
    return {
        "effect_id": uuid4(),
        "plan_id": CLEARED.plan_id,
        "digest": CLEARED.digest,
        "step_id": "s2",
        "step_digest": "0" * 64,
        "action_type": "email.send",
        "token": 1,
        "executor": "w",
        "state": "CLAIMED",
        "attempts": 1,
        "detail": "",
        "claimed_at": NOON,
        **changes,
    }


def new_outcome() -> dict[str, Any]:
    told = executed(CLEARED, OutcomeStatus.FAILED)
    return {
        "plan_id": told.plan_id,
        "event_id": uuid4(),
        "status": told.status.value,
        "recorded_at": NOON,
        "record": told,
    }


def new_letter() -> dict[str, Any]:
    event_id = proposed().event_id
    return {"event_id": event_id, "record": "PlanProposed", "key": "k", "body": b"b", "created_at": NOON}


FORBIDDEN: dict[str, Callable[[], Executable]] = {
    "the_first_decision_wins": lambda: insert(decisions).values(new_decision("DECIDED", "eve", "closed")),
    "a_quorum_counts_distinct_people": lambda: insert(decisions).values(new_decision("COUNTED", "ada")),
    "disposition_is_a_word": lambda: insert(decisions).values(new_decision("MAYBE", "eve")),
    "uq_decisions_decision_id": lambda: insert(decisions).values(
        new_decision("LATE", "eve") | {"decision_id": decided(REQUEST).event_id}
    ),
    "a_closed_gate_has_a_verdict": lambda: update(gates).values(state="APPROVED"),
    "gate_state_is_a_word": lambda: insert(gates).values(new_gate(state="OPEN", verdict={})),
    "gate_kind_is_a_word": lambda: insert(gates).values(new_gate(kind="WHIM")),
    "gate_timing_is_a_word": lambda: insert(gates).values(new_gate(timing="DURING")),
    "pk_gates": lambda: insert(gates).values(new_gate(gate_id=REQUEST.request_id)),
    "fk_clearances_gate_id": lambda: update(clearances).values(gate_id=uuid4()),
    "fk_cleared_steps_digest": lambda: insert(cleared_steps).values(
        digest="f" * 64, step_id="s", step_digest="0" * 64
    ),
    "pk_cleared_steps": lambda: insert(cleared_steps).values(
        digest=CLEARED.digest, step_id="s1", step_digest="0" * 64
    ),
    "no_effect_without_clearance": lambda: insert(effects).values(new_effect()),
    "effect_state_is_a_word": lambda: update(effects).values(state="HOPED"),
    "a_finished_effect_has_a_time": lambda: update(effects).values(state="SUCCEEDED"),
    "run_status_is_a_word": lambda: insert(runs).values(new_run(status="LOST")),
    "one_run_one_worker": lambda: insert(runs).values(new_run(status="RUNNING")),
    "a_ready_run_has_an_answer": lambda: insert(runs).values(new_run(status="READY")),
    "fk_runs_digest": lambda: insert(runs).values(new_run(digest="f" * 64)),
    "pk_runs": lambda: insert(runs).values(new_run(thread_id="t1")),
    "pk_outcomes": lambda: insert(outcomes).values(new_outcome()),
    "uq_outbox_event_id": lambda: insert(outbox).values(new_letter()),
}

# SQLite names no foreign key, and of a UNIQUE or primary key the columns.
SQLITE_SAYS = {
    "the_first_decision_wins": "UNIQUE constraint failed: decisions.gate_id",
    "a_quorum_counts_distinct_people": "UNIQUE constraint failed: decisions.gate_id, decisions.decided_by",
    "uq_decisions_decision_id": "UNIQUE constraint failed: decisions.decision_id",
    "pk_gates": "UNIQUE constraint failed: gates.gate_id",
    "pk_cleared_steps": "UNIQUE constraint failed: cleared_steps.digest, cleared_steps.step_id",
    "pk_runs": "UNIQUE constraint failed: runs.thread_id",
    "pk_outcomes": "UNIQUE constraint failed: outcomes.plan_id",
    "uq_outbox_event_id": "UNIQUE constraint failed: outbox.event_id",
    "fk_clearances_gate_id": "FOREIGN KEY constraint failed",
    "fk_cleared_steps_digest": "FOREIGN KEY constraint failed",
    "no_effect_without_clearance": "FOREIGN KEY constraint failed",
    "fk_runs_digest": "FOREIGN KEY constraint failed",
}


@pytest.mark.parametrize("name", FORBIDDEN)
def test_a_forbidden_row_is_refused(conn: Connection, name: str) -> None:
    fill(conn)
    with pytest.raises(IntegrityError) as refused:
        conn.execute(FORBIDDEN[name]())
    said = SQLITE_SAYS.get(name, name) if conn.dialect.name == "sqlite" else name
    assert said in str(refused.value.orig)


def test_every_named_constraint_is_shown() -> None:
    tables: list[Table] = list(metadata.tables.values())
    named = {str(each.name) for table in tables for each in table.constraints if each.name}
    named |= {str(each.name) for table in tables for each in table.indexes if each.unique}
    # implied by pk_cleared_steps; it exists to be the target of no_effect_without_clearance
    implied = {"a_cleared_step_has_one_content", "pk_decisions", "pk_clearances", "pk_effects", "pk_outbox"}
    assert named - implied == set(FORBIDDEN)
