"""Runs whose agent died before the gate was published."""

from datetime import timedelta

from sqlalchemy import delete

from gate_events.records import PlanProposed
from gate_store.database import utc_now
from gate_store.runs import register_run
from gate_store.savers.open import open_saver
from gate_store.tables import outbox
from stream_apps.resumer.graphs import load_graphs
from tests.resumer.stage import PROJECT, Stage, config, resumer


async def dies_at(stage: Stage, name: str, *, before_the_gate: bool = False) -> None:
    """An agent that registers its run, goes as far as the gate, and dies before it says so."""
    with stage.engine.begin() as conn:
        register_run(conn, "t1", name, "agent", 0.0, utc_now() - timedelta(seconds=60))
    if before_the_gate:
        return
    loaded = (await load_graphs(PROJECT / "langgraph.json"))[name]
    async with open_saver(stage.url) as saver:
        at = {"configurable": {"thread_id": "t1"}}
        await loaded.with_saver(saver).graph.ainvoke({"who": ["ann"]}, at)


async def test_a_run_that_reached_its_gate_is_paused_and_its_plan_published(stage: Stage) -> None:
    for name in ("billing", "nested", "static"):
        await dies_at(stage, name)
        await stage.resume("PAUSED", lease_s=0.3)
        plan = stage.said(PlanProposed)[-1]
        assert plan.plan_id == stage.run().plan_id
        assert plan.run == await identity(stage, name)
        stage.change_run(status="DONE")
        with stage.engine.begin() as conn:
            conn.execute(delete(outbox))


async def identity(stage: Stage, name: str) -> object:
    """The pause as `submit` would have bound it."""
    stage.change_run(status="DONE")
    return (await stage.submit(name, "t1", who=["ann"])).run


async def test_a_run_that_did_not_reach_it_says_to_submit_again(stage: Stage) -> None:
    await dies_at(stage, "billing", before_the_gate=True)
    await stage.resume("FAILED", lease_s=0.3)
    assert stage.run().error == "the submitting process died before the gate; submit again"


async def test_a_run_whose_graph_is_unknown_here_is_left_to_others(stage: Stage) -> None:
    await dies_at(stage, "somebody_elses", before_the_gate=True)
    await dies_at_other(stage)
    async with resumer(config(stage.url, lease_s=0.2)):
        await stage.wait("FAILED", "t2")
    assert stage.run().status == "RUNNING"


async def dies_at_other(stage: Stage) -> None:
    with stage.engine.begin() as conn:
        register_run(conn, "t2", "billing", "agent", 0.0, utc_now() - timedelta(seconds=60))
