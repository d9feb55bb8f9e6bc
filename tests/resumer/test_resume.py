"""A paused run is resumed once, and only as approved."""

from collections.abc import Callable

from gate_events.records import PlanExecuted, PlanProposed
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from tests.resumer.stage import Stage, steps_of

Happened = Callable[[], list[str]]


async def test_the_approved_steps_are_what_runs(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit())
    assert happened() == []
    await stage.resume()
    assert happened() == ["ann", "bob"]
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.DONE
    assert [result.status for result in outcome.results] == [StepStatus.SUCCEEDED] * 2
    assert (await stage.state()).values["sent"] == ["sent to ann", "sent to bob"]


async def test_plain_nodes_resume_too(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("blocking"))
    await stage.resume()
    assert happened() == ["ann", "bob"]
    assert stage.outcome().results[0].result == "sent to ann"


async def test_builders_and_async_factories_are_graphs(stage: Stage, happened: Happened) -> None:
    for name in ("builder", "made"):
        stage.decide(await stage.submit(name, name, who=[name]))
    await stage.resume(lambda: {stage.run(name).status for name in ("builder", "made")} == {"DONE"}, "made")
    assert sorted(happened()) == ["builder", "made"]


async def test_an_edited_plan_runs_as_edited(stage: Stage, happened: Happened) -> None:
    plan = await stage.submit()
    stage.decide(plan, DecisionKind.EDIT, steps=steps_of(plan, "carol"))
    await stage.resume()
    assert happened() == ["carol"]
    assert (stage.outcome().revision, len(stage.outcome().results)) == (2, 1)


async def test_a_rejected_plan_runs_nothing_and_the_graph_sees_the_note(
    stage: Stage, happened: Happened
) -> None:
    stage.decide(await stage.submit(), DecisionKind.REJECT, note="half of them have paid")
    await stage.resume()
    assert happened() == []
    assert (await stage.state()).values["verdict"]["note"] == "half of them have paid"
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.NOT_RUN
    assert [result.status for result in outcome.results] == [StepStatus.SKIPPED] * 2


async def test_the_ledger_refuses_what_the_verdict_does_not_cover(stage: Stage, happened: Happened) -> None:
    plan = await stage.submit("sneaky")
    stage.decide(plan, DecisionKind.EDIT, steps=steps_of(plan, "ann", "carol"))
    await stage.resume()
    assert happened() == ["ann"]
    sent = (await stage.state("sneaky")).values["sent"]
    assert sent == ["sent to ann", "NotClearedError", "NotClearedError"]
    assert "s2: it is not the step that was approved" in stage.run().error


async def test_a_rejected_plan_cannot_act_even_if_its_node_tries(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("sneaky"), DecisionKind.REJECT, note="no")
    await stage.resume()
    assert happened() == []
    assert stage.effects() == []


async def test_two_gates_in_a_row(stage: Stage, happened: Happened) -> None:
    first = await stage.submit("two_gates")
    stage.decide(first)
    await stage.resume("PAUSED")
    assert happened() == ["ann", "bob"]
    second = stage.said(PlanProposed)[-1]
    assert stage.run().plan_id == second.plan_id != first.plan_id
    assert [outcome.plan_id for outcome in stage.said(PlanExecuted)] == [first.plan_id]
    stage.decide(second)
    await stage.resume()
    assert happened() == ["ann", "bob", "second"]


async def test_a_gate_in_a_subgraph(stage: Stage, happened: Happened) -> None:
    plan = await stage.submit("nested")
    assert plan.run
    assert plan.run.checkpoint_ns.startswith("child:")
    stage.decide(plan)
    await stage.resume()
    assert happened() == ["ann", "bob"]


async def test_two_gates_in_a_subgraph(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("nested_twice"))
    await stage.resume("PAUSED")
    stage.decide(stage.said(PlanProposed)[-1])
    await stage.resume()
    assert happened() == ["ann", "bob", "second"]


async def test_state_of_ones_own_classes_comes_back_as_such(stage: Stage, happened: Happened) -> None:
    from graph import Person  # type: ignore[import-not-found]  # noqa: PLC0415

    plan = await stage.submit("typed", people=[Person("ann")])
    stage.decide(plan)
    await stage.resume()
    assert (await stage.state("typed")).values["seen"] == "Person"


async def test_what_the_agent_configured_is_there_when_its_run_resumes(
    stage: Stage, happened: Happened
) -> None:
    stage.decide(await stage.submit("configured", configured={"tenant": "acme"}))
    await stage.resume()
    assert happened() == ["acme"]


async def test_a_result_that_is_no_json_is_none_now_and_later(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("resultless", who=["ann"]))
    await stage.resume()
    assert (await stage.state("resultless")).values["sent"] == [None]
    (result,) = stage.outcome().results
    assert (result.status, result.result) == (StepStatus.SUCCEEDED, None)
    assert "is no JSON" in result.detail
