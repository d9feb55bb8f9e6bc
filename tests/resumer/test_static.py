"""Graphs compiled with interrupt_before: paused from outside, resumed without a change of their code."""

from collections.abc import Callable

from gate_events.words import DecisionKind, OutcomeStatus, PauseKind, StepStatus
from tests.resumer.stage import Stage, steps_of

Happened = Callable[[], list[str]]


async def test_an_approved_plan_runs(stage: Stage, happened: Happened) -> None:
    plan = await stage.submit("static")
    assert plan.run
    assert (plan.run.kind, plan.run.next_nodes) == (PauseKind.STATIC, ("act",))
    stage.decide(plan)
    await stage.resume()
    assert happened() == ["ann", "bob"]


async def test_an_edit_goes_through_apply_edit(stage: Stage, happened: Happened) -> None:
    plan = await stage.submit("static")
    stage.decide(plan, DecisionKind.EDIT, steps=steps_of(plan, "carol"))
    await stage.resume()
    assert happened() == ["carol"]


async def test_an_edit_without_apply_edit_is_refused(stage: Stage, happened: Happened) -> None:
    plan = await stage.submit("static_plain")
    stage.decide(plan, DecisionKind.EDIT, steps=steps_of(plan, "carol"))
    await stage.resume("FAILED")
    assert happened() == []
    assert "name apply_edit in langgraph.json" in stage.run().error


async def test_a_rejected_plan_is_never_run(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("static"), DecisionKind.REJECT, note="not today")
    await stage.resume()
    assert happened() == []
    assert stage.run().error == (
        "NOT executed. Rejected: a reviewer decided that this plan must not run."
        ' In the words of ada: "not today"'
    )
    outcome = stage.outcome()
    assert outcome.status is OutcomeStatus.NOT_RUN
    assert [result.status for result in outcome.results] == [StepStatus.SKIPPED] * 2
    assert (await stage.state("static")).next == ("act",)


async def test_the_next_gate_is_never_passed_on_an_old_approval(stage: Stage, happened: Happened) -> None:
    """A worker died after it wrote the checkpoint before the second gate, and before it paused the run."""
    first = await stage.submit("two_static")
    stage.decide(first)
    answer, digest, pause = stage.run().answer, stage.run().digest, stage.run().pause
    asked = stage.run().asked_digest
    await stage.resume("PAUSED")
    assert happened() == ["ann", "bob"]
    second = stage.run().plan_id
    assert second != first.plan_id
    stage.change_run(status="READY", answer=answer, digest=digest, pause=pause, plan_id=first.plan_id)
    stage.change_run(asked_digest=asked)
    await stage.resume("PAUSED")
    assert happened() == ["ann", "bob"]
    assert stage.run().plan_id == second
