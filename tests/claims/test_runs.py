"""A run is answered only by its own question."""

from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select

from gate_events.digest import plan_digest
from gate_events.records import ApprovalRequested, PlanProposed
from gate_events.values import Agent
from gate_store.dialects import read, whole
from gate_store.tables import gates, own_requests, runs
from tests.claims.gate import (
    asked,
    cleared,
    commit,
    may_run,
    of_run,
    open_questions,
    proposed,
    refusals,
    routed,
    step,
    waits,
)
from tests.store.acting import decide, run_of
from tests.store.examples import decided, run

VICTIM = of_run(step("pay", what="99.00"))
OTHER_CHECKPOINT = run(checkpoint="~")

LIES: dict[str, PlanProposed] = {
    "another plan id": proposed(name="mallory", run=VICTIM.run),
    "another plan id, nothing to do": proposed(name="mallory", steps=(), run=VICTIM.run),
    "its plan id, revision 2": of_run(step("look"), revision=2),
    "its plan id, revision 2, nothing to do": of_run(revision=2, steps=()),
    "its plan id, revision 1, other steps": of_run(step("look")),
    "a checkpoint id beyond all others": proposed(name="mallory", run=OTHER_CHECKPOINT),
    "its plan id, another pause": proposed(plan_id=VICTIM.plan_id, run=OTHER_CHECKPOINT),
    "its plan id, of no run": proposed(plan_id=VICTIM.plan_id),
    "its plan id, of no run, the last revision": proposed(plan_id=VICTIM.plan_id, revision=2**31 - 1),
}


@pytest.mark.parametrize("together", [False, True], ids=["later", "in one batch"])
@pytest.mark.parametrize("lie", LIES)
def test_a_plan_that_its_run_did_not_ask_answers_nothing(conn: Connection, lie: str, together: bool) -> None:
    honest = waits(conn, VICTIM)
    lies = [cleared(LIES[lie]), routed(LIES[lie])]
    if together:
        said = refusals(commit(conn, *lies, honest))
    else:
        assert refusals(commit(conn, honest)) == []
        said = refusals(commit(conn, *lies))
    assert len(said) == 2
    assert (run_of(conn).status, run_of(conn).plan_id) == ("PAUSED", VICTIM.plan_id)
    assert [gate.digest for gate in open_questions(conn)] == [honest.digest]
    assert may_run(conn) == set()
    decide(conn, decided(asked(VICTIM)))
    assert run_of(conn).digest == honest.digest


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_that_comes_first_takes_nothing_away(conn: Connection, lie: str) -> None:
    honest = waits(conn, VICTIM)
    commit(conn, cleared(LIES[lie]), routed(LIES[lie]))
    assert refusals(commit(conn, honest)) == []
    assert [gate.digest for gate in open_questions(conn)] == [honest.digest]
    assert run_of(conn).status == "PAUSED"


def test_a_record_about_a_run_that_nobody_paused_makes_none(conn: Connection) -> None:
    plan = of_run(step("look"), thread="nobody")
    said = refusals(commit(conn, routed(plan)))
    assert said == [f"run nobody did not ask about plan {plan.plan_id}"]
    assert conn.execute(runs.select()).all() == []


def test_a_harmless_plan_of_a_run_wakes_it(conn: Connection) -> None:
    plan = of_run(step("look"))
    assert refusals(commit(conn, waits(conn, plan))) == []
    assert (run_of(conn).status, run_of(conn).digest) == ("READY", routed(plan).digest)


def test_an_older_pause_without_a_digest_is_answered_by_the_plan_that_it_names(conn: Connection) -> None:
    honest = waits(conn, VICTIM)
    conn.execute(runs.update().values(asked_digest=None))
    lie = of_run(step("look"), revision=2)
    assert len(refusals(commit(conn, cleared(lie)))) == 1
    assert refusals(commit(conn, honest)) == []


def test_a_digest_of_other_steps_is_refused(conn: Connection) -> None:
    honest = waits(conn, VICTIM)
    digest = plan_digest(VICTIM.plan_id, 1, (step("look"),), VICTIM.run)
    bad = msgspec.structs.replace(honest, digest=digest)
    assert refusals(commit(conn, bad)) == ["its digest is not that of its own steps"]
    assert open_questions(conn) == []


def test_a_clearance_that_comes_again_when_its_run_has_gone_on_is_no_dead_letter(conn: Connection) -> None:
    plan = of_run(step("look"))
    clearance = waits(conn, plan)
    assert refusals(commit(conn, clearance)) == []
    conn.execute(runs.update().values(plan_id=None, digest=None, pause=None, status="DONE", answer=None))
    assert refusals(commit(conn, clearance)) == []
    assert may_run(conn) == {clearance.digest}


BESIDE_STEPS: dict[str, dict[str, Any]] = {
    "proposer": {"proposer": "ada"},
    "agent": {"agent": Agent(name="a trusted one")},
    "the agent's model": {"agent": Agent(name="biller", model="a trusted one")},
    "goal": {"goal": "the CFO has agreed to it"},
}


@pytest.mark.parametrize("together", [False, True], ids=["earlier", "in one batch"])
@pytest.mark.parametrize("clears", [False, True], ids=["a request", "a clearance"])
@pytest.mark.parametrize("what", BESIDE_STEPS)
def test_a_runs_plan_is_judged_and_shown_with_its_own_proposer_agent_and_goal(
    conn: Connection, what: str, clears: bool, together: bool
) -> None:
    """They are not in its digest, but policies may go by them, and who may decide does."""
    honest = waits(conn, VICTIM)
    lie = cleared(VICTIM) if clears else honest
    lie = msgspec.structs.replace(lie, **BESIDE_STEPS[what])
    batches = [[lie, honest]] if together else [[lie], [honest]]
    [why] = [why for batch in batches for why in refusals(commit(conn, *batch))]
    assert why == f"plan {VICTIM.plan_id} was proposed by its run with another proposer, agent, goal or claim"
    stored = conn.execute(select(whole(gates.c.request))).scalar_one()
    assert read(stored, ApprovalRequested) == honest
    assert may_run(conn) == set()


def test_what_a_run_proposed_is_forgotten_once_it_was_asked_about(conn: Connection) -> None:
    honest = waits(conn, VICTIM)
    assert conn.execute(select(own_requests)).one()
    commit(conn, honest)
    assert conn.execute(select(own_requests)).all() == []
