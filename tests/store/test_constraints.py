"""The laws that the database holds: each named constraint refuses the row that would break it."""

from collections.abc import Callable
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import (
    ColumnElement,
    Connection,
    Executable,
    Table,
    and_,
    delete,
    insert,
    select,
    text,
    update,
)
from sqlalchemy.exc import IntegrityError

from gate_events.codec import body_of
from gate_events.digest import step_digest
from gate_events.ids import effect_key
from gate_events.records import ApprovalRequested, PlanCleared
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from gate_store.clearances import record_cleared
from gate_store.ledger import claim_effect, finish_effect
from gate_store.outbox import put
from gate_store.tables import (
    asked_anew,
    clearances,
    cleared_actions,
    cleared_steps,
    decisions,
    effects,
    executions,
    gates,
    heartbeats,
    lost_plans,
    metadata,
    outbox,
    outcomes,
    own_requests,
    own_words,
    plan_outcomes,
    planned_effects,
    policies,
    queued_plans,
    restores,
    revisions,
    revocations,
    run_events,
    runs,
    stale_clearances,
    stops,
    told_before,
    uncounted_outcomes,
    undo_plans,
    views,
    waiting_plans,
    workers,
)
from tests.store.acting import ask, decide
from tests.store.examples import HOUR, NOON, STEPS, asked, cleared, decided, executed, plan_id, proposed, run

REQUEST = asked(quorum=2, run=run())
CLOSED = asked(plan_id("closed"))
REFUSED = asked(plan_id("refused"))
EARLY = asked(plan_id("early"))
CLEARED = cleared(plan_id("cleared"))
DONE = cleared(plan_id("done"))
IN_DOUBT = cleared(plan_id("in doubt"))
REVOKED = cleared(plan_id("revoked"))
STALE = cleared(plan_id("stale"))
PAUSE = {"pause": {}, "plan_id": CLEARED.plan_id}
ANSWERED = {**PAUSE, "answer": {}, "digest": CLEARED.digest}
RUNNING = {**ANSWERED, "status": "RUNNING", "worker": "w", "lease_until": NOON}


def fill(conn: Connection) -> None:
    """A pending gate with one voice, closed gates, a decision that waits, runs, effects begun and ended."""
    ask(conn, REQUEST, CLOSED, REFUSED)
    decide(conn, decided(REQUEST), decided(CLOSED), decided(REFUSED, DecisionKind.REJECT), decided(EARLY))
    record_cleared(conn, [CLEARED, DONE, IN_DOUBT, REVOKED, STALE], NOON)
    claim_effect(conn, CLEARED.plan_id, CLEARED.digest, STEPS[0], "w", NOON)
    for plan, end in ((DONE, StepStatus.SUCCEEDED), (IN_DOUBT, StepStatus.IN_DOUBT)):
        begun = claim_effect(conn, plan.plan_id, plan.digest, STEPS[0], "w", NOON)
        assert finish_effect(conn, begun, end, NOON)
    conn.execute(insert(runs).values(new_run(thread_id="held", **{**RUNNING, "token": 5})))
    conn.execute(insert(runs).values(new_run(thread_id="waits", **{**ANSWERED, "status": "READY"})))
    conn.execute(insert(decisions).values(new_decision("DECIDED", "eve", "undone")))
    conn.execute(insert(outcomes).values(new_outcome()))  # and so a row of plan_outcomes
    put(conn, [proposed()], NOON)
    conn.execute(insert(revisions).values(new_revision()))
    conn.execute(insert(revocations).values(new_revocation(REVOKED)))
    conn.execute(insert(stale_clearances).values(new_stale()))
    conn.execute(insert(decisions).values({**new_decision("COUNTED", "zoe"), "name": "zoe"}))
    conn.execute(insert(planned_effects).values(new_planned_effect()))
    conn.execute(insert(policies).values(new_policy()))
    conn.execute(insert(workers).values(new_worker()))
    conn.execute(insert(restores).values(new_restore()))
    conn.execute(insert(heartbeats).values(new_heartbeat()))
    conn.execute(insert(lost_plans).values(new_lost_plan()))
    conn.execute(insert(told_before).values(word="w"))
    conn.execute(insert(stops).values(new_stop()))
    conn.execute(insert(undo_plans).values(new_undo_plan()))
    conn.execute(insert(asked_anew).values(new_asked_anew()))
    conn.execute(insert(waiting_plans).values(new_waiting_plan()))
    conn.execute(insert(uncounted_outcomes).values(new_uncounted_outcome()))
    conn.execute(insert(own_requests).values(event_id=executed(CLEARED).event_id, body=b"own"))
    conn.execute(insert(own_words).values(event_id=proposed().event_id, body=b"own"))
    conn.execute(insert(executions).values(new_execution()))
    conn.execute(insert(queued_plans).values(new_queued_plan()))
    conn.execute(insert(views).values(new_view()))
    conn.execute(insert(run_events).values(new_run_event()))
    asked_for = new_run(thread_id="asked", status="DONE", asked_digest=DONE.digest, plan_id=DONE.plan_id)
    conn.execute(insert(runs).values(asked_for))


def new_queued_plan() -> dict[str, Any]:
    names = {"proposer": "billing-service", "agent": "biller", "of_runs": False}
    of_plan = {"plan_id": CLEARED.plan_id, "revision": 2, "queued_at": NOON, "request": asked()}
    return {"arrival": 1, "gate_id": CLEARED.plan_id, "request_id": CLEARED.plan_id, **names, **of_plan}


def new_run_event() -> dict[str, Any]:
    return {"id": 1, "thread_id": "held", "plan_id": CLEARED.plan_id, "at": NOON, "event": "{}"}


def new_view(what: str = "SEEN") -> dict[str, Any]:
    return {"gate_id": REQUEST.request_id, "who": "ana", "what": what, "at": NOON}


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
        **PAUSE,
        **changes,
    }


def new_clearance(digest: str, **changes: Any) -> dict[str, Any]:
    return {
        "digest": digest,
        "plan_id": uuid4(),
        "revision": 1,
        "cleared_at": NOON,
        "record": CLEARED,
        **changes,
    }


def of(plan: PlanCleared) -> ColumnElement[bool]:
    return and_(effects.c.plan_id == plan.plan_id, effects.c.step_id == "s1")


def gate(request: ApprovalRequested) -> ColumnElement[bool]:
    return gates.c.gate_id == request.request_id


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


def new_plan_outcome() -> dict[str, Any]:
    return {**new_outcome(), "digest": CLEARED.digest, "attempt": 1}


def new_revision() -> dict[str, Any]:
    return {
        "plan_id": CLEARED.plan_id,
        "revision": 1,
        "digest": CLEARED.digest,
        "proposer": "ada",
        "agent": "biller",
        "recorded_at": NOON,
    }


def new_revocation(plan: PlanCleared) -> dict[str, Any]:
    return {"digest": plan.digest, "by_digest": None, "at": NOON, "why": "a newer revision"}


def new_stale() -> dict[str, Any]:
    return {"digest": STALE.digest, "attempt": 1, "at": NOON, "why": "more must agree"}


def new_planned_effect() -> dict[str, Any]:
    at = {"plan_id": CLEARED.plan_id, "window_key": "k", "noted_at": NOON}
    return {"digest": CLEARED.digest, "step_id": "s1", **at}


def new_policy() -> dict[str, Any]:
    return {"digest": "0" * 64, "text": "actions: {}", "first_seen": NOON, "by": "router"}


def new_asked_anew() -> dict[str, Any]:
    return {"request_id": asked(plan_id("refused")).event_id, "gate_id": REQUEST.request_id, "why": "tier"}


def new_waiting_plan() -> dict[str, Any]:
    at = {"plan_id": CLEARED.plan_id, "revision": 2, "recorded_at": NOON}
    return {"claim": "0" * 64, "record": "PlanCleared", "body": CLEARED, **at}


def new_uncounted_outcome() -> dict[str, Any]:
    key = {"plan_id": CLEARED.plan_id, "digest": CLEARED.digest, "attempt": 1, "told": "0" * 64}
    return {**key, "recorded_at": NOON, "record": executed(CLEARED)}


def new_worker() -> dict[str, Any]:
    return {"name": "host-1-a", "instance": "host-1", "started_at": NOON}


def new_restore() -> dict[str, Any]:
    return {"nth": 1, "since": NOON, "until": NOON, "noted_at": NOON, "idempotent": []}


def new_stop() -> dict[str, Any]:
    return {"stop_id": UUID(int=1), "by": "ana", "note": "", "at": NOON}


def new_undo_plan() -> dict[str, Any]:
    return {"digest": "e" * 64, "plan_id": plan_id("undo"), "gate_id": CLOSED.request_id}


def new_heartbeat() -> dict[str, Any]:
    told = {"name": "w", "part": "router", "instance": "i", "host": "h", "version": "1", "catalogue": "c"}
    return {**told, "graphs": {}, "started_at": NOON, "beat_at": NOON}


def new_lost_plan() -> dict[str, Any]:
    return {"plan_id": plan_id("lost"), "told": {}}


def new_execution() -> dict[str, Any]:
    return {"plan_id": CLEARED.plan_id, "digest": CLEARED.digest, "attempt": 1, "executor": "w"}


def new_letter() -> dict[str, Any]:
    event_id = proposed().event_id
    return {"event_id": event_id, "record": "PlanProposed", "key": "k", "body": b"b", "created_at": NOON}


FORBIDDEN: dict[str, Callable[[], Executable]] = {
    # 1: never unapproved
    "no_effect_without_clearance": lambda: insert(effects).values(new_effect()),
    "an_effect_is_of_the_cleared_plan": lambda: insert(effects).values(
        new_effect(plan_id=REQUEST.plan_id, step_id="s1", step_digest=step_digest(CLEARED.plan_id, STEPS[0]))
    ),
    "only_an_approved_gate_clears": lambda: insert(clearances).values(
        new_clearance("f" * 64, gate_id=REFUSED.request_id, plan_id=REFUSED.plan_id)
    ),
    "fk_clearances_gate_id": lambda: delete(gates).where(gate(CLOSED)),
    "fk_cleared_steps_digest": lambda: insert(cleared_steps).values(
        digest="f" * 64, step_id="s", step_digest="0" * 64
    ),
    "fk_cleared_actions_digest": lambda: insert(cleared_actions).values(digest="f" * 64, action_type="a"),
    "fk_runs_digest": lambda: insert(runs).values(new_run(status="DONE", digest="f" * 64)),
    "a_run_executes_its_own_plan": lambda: insert(runs).values(
        new_run(status="DONE", digest=CLEARED.digest, plan_id=REQUEST.plan_id)
    ),
    "what_is_cleared_is_a_plan": lambda: insert(runs).values(
        new_run(status="DONE", digest=CLEARED.digest, plan_id=None)
    ),
    "a_paused_run_may_do_nothing": lambda: insert(runs).values(new_run(digest=CLEARED.digest)),
    # 2: what was seen is what runs
    "what_was_cleared_never_changes": lambda: (
        update(cleared_steps).where(cleared_steps.c.step_id == "s2").values(step_digest="0" * 64)
    ),
    "pk_clearances": lambda: insert(clearances).values(new_clearance(CLEARED.digest)),
    "pk_cleared_steps": lambda: insert(cleared_steps).values(
        digest=CLEARED.digest, step_id="s1", step_digest="0" * 64
    ),
    "pk_cleared_actions": lambda: insert(cleared_actions).values(
        digest=CLEARED.digest, action_type=STEPS[0].action_type
    ),
    "an_effect_keeps_its_plan_and_step": lambda: update(effects).where(of(CLEARED)).values(effect_id=uuid4()),
    "a_run_does_what_it_asked_or_what_a_human_edited": lambda: (
        update(runs)
        .where(runs.c.thread_id == "held")
        .values(asked_digest="f" * 64, digest=CLEARED.digest, plan_id=CLEARED.plan_id)
    ),
    "nothing_revoked_begins": lambda: insert(effects).values(
        new_effect(
            plan_id=REVOKED.plan_id,
            digest=REVOKED.digest,
            step_id="s1",
            step_digest=step_digest(REVOKED.plan_id, STEPS[0]),
        )
    ),
    "nothing_stale_begins": lambda: insert(effects).values(
        new_effect(
            plan_id=STALE.plan_id,
            digest=STALE.digest,
            step_id="s1",
            step_digest=step_digest(STALE.plan_id, STEPS[0]),
        )
    ),
    "pk_stale_clearances": lambda: insert(stale_clearances).values(new_stale()),
    "fk_stale_clearances_digest": lambda: insert(stale_clearances).values(
        {**new_stale(), "digest": "f" * 64}
    ),
    "view_is_a_word": lambda: insert(views).values(new_view("IGNORED")),
    "pk_views": lambda: insert(views).values(new_view()),
    "pk_run_events": lambda: insert(run_events).values(new_run_event()),
    "what_was_seen_stays_so": lambda: update(views).values(at=NOON + HOUR),
    "what_was_revoked_stays_so": lambda: delete(revocations),
    "pk_revocations": lambda: insert(revocations).values(new_revocation(REVOKED)),
    "fk_revocations_digest": lambda: insert(revocations).values(
        {**new_revocation(REVOKED), "digest": "f" * 64}
    ),
    "a_revision_keeps_its_content": lambda: update(revisions).values(digest="f" * 64),
    "pk_revisions": lambda: insert(revisions).values(new_revision()),
    "a_policy_never_changes": lambda: update(policies).values(text="{}"),
    "pk_policies": lambda: insert(policies).values(new_policy()),
    "pk_planned_effects": lambda: insert(planned_effects).values(new_planned_effect()),
    # 3: the first decision wins
    "the_first_decision_wins": lambda: insert(decisions).values(new_decision("DECIDED", "eve", "closed")),
    "a_recorded_decision_never_changes": lambda: update(decisions).values(decided_at=NOON + HOUR),
    "what_became_of_a_decision_is_final": lambda: (
        update(decisions).where(decisions.c.gate_id == CLOSED.request_id).values(disposition="LATE")
    ),
    "disposition_is_a_word": lambda: insert(decisions).values(new_decision("MAYBE", "eve")),
    "uq_decisions_decision_id": lambda: insert(decisions).values(
        new_decision("LATE", "eve") | {"decision_id": decided(REQUEST).event_id}
    ),
    "the_terms_of_a_gate_are_frozen": lambda: update(gates).where(gate(REQUEST)).values(deadline=NOON),
    "a_closed_gate_never_changes": lambda: update(gates).where(gate(REFUSED)).values(state="APPROVED"),
    "a_closed_gate_has_its_decision": lambda: (
        update(gates).where(gate(REQUEST)).values(state="APPROVED", verdict={})
    ),
    "a_closed_gate_has_a_verdict": lambda: update(gates).where(gate(REQUEST)).values(verdict={}),
    "gate_state_is_a_word": lambda: insert(gates).values(
        new_gate(gate_id=asked(plan_id("undone")).request_id, state="OPEN", verdict={})
    ),
    "gate_kind_is_a_word": lambda: insert(gates).values(new_gate(kind="WHIM")),
    "gate_timing_is_a_word": lambda: insert(gates).values(new_gate(timing="DURING")),
    "pk_gates": lambda: insert(gates).values(new_gate(gate_id=REQUEST.request_id)),
    # 4: one run, one worker
    "one_run_one_worker": lambda: insert(runs).values(new_run(**{**RUNNING, "lease_until": None})),
    "a_running_run_has_a_worker": lambda: insert(runs).values(new_run(**{**RUNNING, "worker": None})),
    "tokens_only_grow": lambda: update(runs).where(runs.c.thread_id == "held").values(token=4),
    "run_status_is_a_word": lambda: insert(runs).values(new_run(status="LOST")),
    "a_ready_run_has_an_answer": lambda: insert(runs).values(new_run(status="READY")),
    "a_waiting_run_has_a_pause_and_a_plan": lambda: insert(runs).values(new_run(pause=None)),
    "pk_runs": lambda: insert(runs).values(new_run(thread_id="t1")),
    "pk_asked_anew": lambda: insert(asked_anew).values(new_asked_anew()),
    "fk_asked_anew_gate_id": lambda: insert(asked_anew).values(
        {**new_asked_anew(), "request_id": uuid4(), "gate_id": uuid4()}
    ),
    "pk_waiting_plans": lambda: insert(waiting_plans).values(new_waiting_plan()),
    "pk_queued_plans": lambda: insert(queued_plans).values(new_queued_plan()),
    "pk_own_requests": lambda: insert(own_requests).values(event_id=executed(CLEARED).event_id, body=b""),
    "pk_own_words": lambda: insert(own_words).values(event_id=proposed().event_id, body=b""),
    "pk_workers": lambda: insert(workers).values(new_worker()),
    # 5: an effect happens once, or a human is asked
    "pk_effects": lambda: insert(effects).values(
        new_effect(effect_id=effect_key(CLEARED.plan_id, "s1"), step_id="s1")
    ),
    "pk_heartbeats": lambda: insert(heartbeats).values(new_heartbeat()),
    "pk_restores": lambda: insert(restores).values(new_restore()),
    "pk_lost_plans": lambda: insert(lost_plans).values(new_lost_plan()),
    "pk_told_before": lambda: insert(told_before).values(word="w"),
    "pk_undo_plans": lambda: insert(undo_plans).values(new_undo_plan()),
    "fk_undo_plans_gate_id": lambda: insert(undo_plans).values(
        {**new_undo_plan(), "digest": "d" * 64, "gate_id": uuid4()}
    ),
    "pk_stops": lambda: insert(stops).values(new_stop()),
    "a_stop_is_ended_by_somebody": lambda: update(stops).values(ended_at=NOON),
    "a_succeeded_effect_is_final": lambda: (
        update(effects).where(of(DONE)).values(state="CLAIMED", finished_at=None)
    ),
    "nothing_is_repeated_in_doubt": lambda: update(effects).where(of(IN_DOUBT)).values(state="CLAIMED"),
    "effect_state_is_a_word": lambda: update(effects).where(of(CLEARED)).values(state="HOPED"),
    "a_finished_effect_has_a_time": lambda: update(effects).where(of(CLEARED)).values(state="SUCCEEDED"),
    "a_run_in_doubt_can_go_on": lambda: insert(runs).values(new_run(status="IN_DOUBT")),
    # 6 and 8: nothing is dropped, the log tells all
    "pk_outcomes": lambda: insert(outcomes).values(new_outcome()),
    "the_first_outcome_stays": lambda: update(outcomes).values(status="FAILED"),
    "pk_plan_outcomes": lambda: insert(plan_outcomes).values(new_plan_outcome()),
    "pk_uncounted_outcomes": lambda: insert(uncounted_outcomes).values(new_uncounted_outcome()),
    "the_first_outcome_of_an_attempt_stays": lambda: update(plan_outcomes).values(status="FAILED"),
    "pk_executions": lambda: insert(executions).values(new_execution()),
    "uq_outbox_event_id": lambda: insert(outbox).values(new_letter()),
    "what_was_said_never_changes": lambda: update(outbox).values(body=b""),
    # 7: a quorum counts distinct people
    "a_quorum_counts_distinct_people": lambda: insert(decisions).values(new_decision("COUNTED", "ada")),
    "a_quorum_counts_distinct_names": lambda: insert(decisions).values(
        {**new_decision("COUNTED", "Zoe "), "name": "zoe"}
    ),
    # 10: approval goes stale
    "a_clearance_is_renewed_by_another_gate_alone": lambda: (
        update(clearances).where(clearances.c.gate_id == CLOSED.request_id).values(use_by=None)
    ),
}

# SQLite names no foreign key, and of a UNIQUE or primary key the columns.
SQLITE_SAYS = {
    "the_first_decision_wins": "UNIQUE constraint failed: decisions.gate_id",
    "a_quorum_counts_distinct_people": "UNIQUE constraint failed: decisions.gate_id, decisions.decided_by",
    "uq_decisions_decision_id": "UNIQUE constraint failed: decisions.decision_id",
    "pk_gates": "UNIQUE constraint failed: gates.gate_id",
    "pk_views": "UNIQUE constraint failed: views.gate_id, views.who, views.what",
    "pk_run_events": "UNIQUE constraint failed: run_events.id",
    "pk_cleared_steps": "UNIQUE constraint failed: cleared_steps.digest, cleared_steps.step_id",
    "pk_cleared_actions": "UNIQUE constraint failed: cleared_actions.digest, cleared_actions.action_type",
    "pk_clearances": "UNIQUE constraint failed: clearances.digest",
    "pk_effects": "UNIQUE constraint failed: effects.effect_id",
    "an_effect_is_of_the_cleared_plan": "FOREIGN KEY constraint failed",
    "a_run_executes_its_own_plan": "FOREIGN KEY constraint failed",
    "pk_runs": "UNIQUE constraint failed: runs.thread_id",
    "pk_plan_outcomes": "UNIQUE constraint failed: plan_outcomes.plan_id, plan_outcomes.digest",
    "pk_uncounted_outcomes": "UNIQUE constraint failed: uncounted_outcomes.plan_id",
    "pk_executions": "UNIQUE constraint failed: executions.plan_id, executions.digest",
    "pk_revisions": "UNIQUE constraint failed: revisions.plan_id, revisions.revision",
    "pk_stale_clearances": "UNIQUE constraint failed: stale_clearances.digest, stale_clearances.attempt",
    "fk_stale_clearances_digest": "FOREIGN KEY constraint failed",
    "pk_revocations": "UNIQUE constraint failed: revocations.digest",
    "pk_policies": "UNIQUE constraint failed: policies.digest",
    "pk_asked_anew": "UNIQUE constraint failed: asked_anew.request_id",
    "fk_asked_anew_gate_id": "FOREIGN KEY constraint failed",
    "pk_queued_plans": "UNIQUE constraint failed: queued_plans.arrival",
    "pk_waiting_plans": "UNIQUE constraint failed: waiting_plans.claim",
    "pk_own_requests": "UNIQUE constraint failed: own_requests.event_id",
    "pk_own_words": "UNIQUE constraint failed: own_words.event_id",
    "pk_workers": "UNIQUE constraint failed: workers.name",
    "pk_heartbeats": "UNIQUE constraint failed: heartbeats.name, heartbeats.part",
    "pk_restores": "UNIQUE constraint failed: restores.nth",
    "pk_lost_plans": "UNIQUE constraint failed: lost_plans.plan_id",
    "pk_told_before": "UNIQUE constraint failed: told_before.word",
    "pk_undo_plans": "UNIQUE constraint failed: undo_plans.digest",
    "fk_undo_plans_gate_id": "FOREIGN KEY constraint failed",
    "pk_stops": "UNIQUE constraint failed: stops.stop_id",
    "pk_planned_effects": "UNIQUE constraint failed: planned_effects.digest, planned_effects.step_id",
    "fk_revocations_digest": "FOREIGN KEY constraint failed",
    "a_quorum_counts_distinct_names": "UNIQUE constraint failed: decisions.gate_id, decisions.name",
    "pk_outcomes": "UNIQUE constraint failed: outcomes.plan_id",
    "uq_outbox_event_id": "UNIQUE constraint failed: outbox.event_id",
    "fk_clearances_gate_id": "FOREIGN KEY constraint failed",
    "fk_cleared_steps_digest": "FOREIGN KEY constraint failed",
    "fk_cleared_actions_digest": "FOREIGN KEY constraint failed",
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


MORE: dict[str, tuple[str, Callable[[], Executable]]] = {  # of a law with several sides
    "what was seen is not taken back": ("what_was_seen_stays_so", lambda: delete(views)),
    "a gate never opens closed": (
        "a_closed_gate_has_its_decision",
        lambda: insert(gates).values(new_gate(state="APPROVED", verdict={})),
    ),
    "another gate's verdict clears only its own plan": (
        "only_an_approved_gate_clears",
        lambda: insert(clearances).values(new_clearance("f" * 64, gate_id=CLOSED.request_id)),
    ),
    "the router's word never takes a verdict's place": (
        "a_clearance_is_renewed_by_another_gate_alone",
        lambda: update(clearances).where(clearances.c.gate_id == CLOSED.request_id).values(gate_id=None),
    ),
    "a claim has a token of its own": (
        "tokens_only_grow",
        lambda: (
            update(runs)
            .where(runs.c.thread_id == "waits")
            .values(status="RUNNING", worker="w", lease_until=NOON)
        ),
    ),
    "another worker has another token": (
        "tokens_only_grow",
        lambda: update(runs).where(runs.c.thread_id == "held").values(worker="another"),
    ),
    "only what is in doubt may be let try again": (
        "nothing_is_repeated_in_doubt",
        lambda: update(effects).where(of(CLEARED)).values(state="RETRY"),
    ),
    "a voice of a quorum is not taken back": (
        "what_became_of_a_decision_is_final",
        lambda: update(decisions).where(decisions.c.disposition == "COUNTED").values(disposition="WAITING"),
    ),
    "a run in doubt has something to go on with": (
        "a_run_in_doubt_can_go_on",
        lambda: insert(runs).values(new_run(status="IN_DOUBT", answer={})),
    ),
    "a run that waits for its turn has a plan": (
        "a_waiting_run_has_a_pause_and_a_plan",
        lambda: insert(runs).values(new_run(status="READY", answer={}, plan_id=None)),
    ),
}


@pytest.mark.parametrize("side", MORE)
def test_every_side_of_a_law_is_held(conn: Connection, side: str) -> None:
    fill(conn)
    name, forbidden = MORE[side]
    with pytest.raises(IntegrityError, match=name):
        conn.execute(forbidden())


def test_every_named_constraint_is_shown(conn: Connection) -> None:
    tables: list[Table] = list(metadata.tables.values())
    named = {str(each.name) for table in tables for each in table.constraints if each.name}
    named |= {str(each.name) for table in tables for each in table.indexes if each.unique}
    # the targets of foreign keys, which primary keys imply; and keys that the database counts by itself
    implied = {"a_cleared_step_has_one_content", "a_clearance_is_of_one_plan", "pk_decisions", "pk_outbox"}
    assert (named - implied) | triggers(conn) == set(FORBIDDEN)


# no laws: they mend and move what the version before writes
OTHERS = {
    "take_over_outcome",
    "note_own_request",
    "forget_what_was_asked_before",
    "ask_again_when_it_is_too_old",
}


def test_an_outcome_written_by_the_version_before_is_taken_over(conn: Connection) -> None:
    conn.execute(insert(outcomes).values(new_outcome()))
    taken = conn.execute(select(plan_outcomes)).one()
    assert (taken.plan_id, taken.digest, taken.attempt) == (CLEARED.plan_id, CLEARED.digest, 1)
    assert (taken.status, taken.recorded_at) == ("FAILED", NOON)


def triggers(conn: Connection) -> set[str]:
    if conn.dialect.name == "sqlite":
        found = conn.execute(text("SELECT name FROM sqlite_master WHERE type = 'trigger'")).scalars()
        return {name.rsplit("_on_", 1)[0] for name in found} - OTHERS
    return set(conn.execute(text("SELECT tgname FROM pg_trigger WHERE NOT tgisinternal")).scalars()) - OTHERS


def test_a_question_and_an_outcome_of_the_outbox_are_noted_as_our_own(conn: Connection) -> None:
    request, told = asked(plan_id("noted")), executed(CLEARED)
    put(conn, [request, told, decided(request)], NOON)
    noted = conn.execute(select(own_requests.c.event_id, own_requests.c.body)).all()
    assert sorted(noted) == sorted((each.event_id, body_of(each)) for each in (request, told))
