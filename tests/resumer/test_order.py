"""A resumed run does its steps in the order that was approved, unless the plan says otherwise."""

from collections.abc import Callable

from gate_events.records import PlanExecuted
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from tests.resumer.stage import Stage, steps_of

Happened = Callable[[], list[str]]

WORDS = (
    "step s2 was refused: step s1 stands before it and has not begun; "
    "do the steps in the order that was approved, or give the plan's steps `after`"
)


async def test_a_graph_that_goes_backwards_does_nothing_and_its_run_says_why(
    stage: Stage, happened: Happened
) -> None:
    stage.decide(await stage.submit("backwards"))
    await stage.resume("FAILED")
    assert happened() == []
    assert WORDS in stage.run().error
    outcome: PlanExecuted = stage.outcome()
    assert outcome.status is OutcomeStatus.FAILED
    assert [result.status for result in outcome.results] == [StepStatus.SKIPPED] * 2
    assert stage.effects() == []


async def test_an_edited_plan_is_done_in_the_order_of_the_edit(stage: Stage, happened: Happened) -> None:
    plan = await stage.submit("backwards")
    stage.decide(plan, DecisionKind.EDIT, steps=tuple(reversed(steps_of(plan, "ann", "bob"))))
    await stage.resume("FAILED")
    assert happened() == []
    assert "step s1 was refused: step s2 stands before it" in stage.run().error


async def test_steps_that_are_begun_at_once_in_their_order_are_done(stage: Stage, happened: Happened) -> None:
    names = [f"name {number}" for number in range(20)]
    stage.decide(await stage.submit("beside", who=names))
    await stage.resume()
    assert sorted(happened()) == sorted(names)


async def test_steps_that_wait_for_none_are_done_in_any_order(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("backwards_unordered"))
    await stage.resume()
    assert happened() == ["bob", "ann"]


async def test_branches_do_the_steps_of_a_plan_without_order(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("fanned_out", who=["ann", "bob", "cy"]))
    await stage.resume()
    assert sorted(happened()) == ["ann", "bob", "cy"]
    assert stage.outcome().status is OutcomeStatus.DONE
