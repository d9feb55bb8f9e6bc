"""A step is done only by a function declared for its approved action type, and an effect asks nobody."""

from collections.abc import Callable

import pytest

from gate_events.records import ApprovalRequested, PlanProposed
from gate_events.words import OutcomeStatus, StepStatus
from gate_store.clearances import record_cleared
from gate_store.database import utc_now
from tests.resumer.stage import IDEMPOTENT, Stage
from tests.store.examples import cleared

Happened = Callable[[], list[str]]


async def clear(stage: Stage, graph: str, action: str, *who: str) -> None:
    """Submit a plan of this action, and let it run unasked, as the router does with a harmless one."""
    plan = await stage.submit(graph, who=who or ["ann"], action=action)
    with stage.engine.begin() as conn:
        record_cleared(conn, [cleared(plan.plan_id, steps=plan.steps, run=plan.run)], utc_now())


@pytest.mark.parametrize("graph", ["pays", "pays_async", "pays_partly", "pays_by_id"])
async def test_a_harmless_step_does_not_lend_its_clearance_to_another_function(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await clear(stage, graph, "look_up_order", "ATTACKER-IBAN")
    await stage.resume("FAILED")
    assert happened() == []
    assert stage.effects() == []  # nothing was begun
    assert stage.run().attempts == 1  # and nothing is tried again
    for word in ("step s1 (look_up_order)", "for pay_refund only", '@effect("look_up_order")'):
        assert word in stage.run().error
    assert stage.outcome().status is OutcomeStatus.FAILED


@pytest.mark.parametrize("graph", ["pays", "pays_async", "pays_partly", "pays_by_id", "named_blocking"])
async def test_what_the_function_was_declared_for_is_done(
    stage: Stage, happened: Happened, graph: str
) -> None:
    await clear(stage, graph, "pay_refund", "ann", "bob")
    await stage.resume()
    assert happened() == ["paid ann", "paid bob"]


async def test_the_approved_action_type_counts_not_the_one_that_the_graph_passes_in(
    stage: Stage, happened: Happened
) -> None:
    await clear(stage, "renames", "look_up_order")
    await stage.resume("FAILED")
    assert happened() == []
    assert "it is not the step that was approved" in stage.run().error


@pytest.mark.parametrize("graph", ["no_mark", "no_mark_async", "with_lambda"])
async def test_a_function_without_a_mark_is_refused_before_the_intent(
    stage: Stage, happened: Happened, graph: str
) -> None:
    stage.decide(await stage.submit(graph, who=["ann"], action="pay_refund"))
    await stage.resume("FAILED")
    assert (happened(), stage.effects()) == ([], [])
    assert "was declared for no action type" in stage.run().error
    assert '@effect("pay_refund")' in stage.run().error


@pytest.mark.parametrize(("graph", "does"), [("named", "looked up"), ("named_blocking", "unmarked")])
async def test_langgraph_json_declares_what_it_names(
    stage: Stage, happened: Happened, graph: str, does: str
) -> None:
    await clear(stage, graph, "look_up_order")
    await stage.resume()
    assert happened() == [f"{does} ann"]
    (row,) = stage.effects()
    assert (row.action_type, row.state) == ("look_up_order", "SUCCEEDED")


@pytest.mark.parametrize("graph", ["named", "named_blocking"])
async def test_a_step_for_which_langgraph_json_names_nothing_is_refused(
    stage: Stage, happened: Happened, graph: str
) -> None:
    stage.decide(await stage.submit(graph, who=["ann"], action="wire"))
    await stage.resume("FAILED")
    assert (happened(), stage.effects()) == ([], [])
    assert f"name it under plangate.{graph}.effects" in stage.run().error


@pytest.mark.parametrize("action", ["email.send", IDEMPOTENT])
@pytest.mark.parametrize("graph", ["asks", "asks_async", "interrupts", "interrupts_async"])
async def test_an_effect_that_asks_is_refused_with_its_reason_and_pauses_nothing(
    stage: Stage, happened: Happened, graph: str, action: str
) -> None:
    stage.decide(await stage.submit(graph, who=["ann", "bob"], action=action))
    await stage.resume("FAILED")
    assert happened() == ["begin ann"]  # once: another attempt would ask again
    assert "may not be called inside an effect" in stage.run().error
    assert "ask in a node of its own" in stage.run().error
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.FAILED
    assert [result.status for result in outcome.results] == [StepStatus.FAILED, StepStatus.SKIPPED]
    assert "inside an effect" in outcome.results[0].detail
    assert (len(stage.said(PlanProposed)), stage.said(ApprovalRequested)) == (1, [])
