import asyncio
from typing import Any

import pytest
from langgraph.checkpoint.memory import InMemorySaver
from langgraph.graph import StateGraph

from gate_events.ids import plan_id_of_pause
from gate_events.words import PauseKind
from gate_store.engine.port import FenceLostError
from gate_store.runs import RunBusyError
from plangate import asubmit, submit
from producers.errors import NotAtAGateError, SubmitError
from producers.submit import NoStoreError
from producers.submitter import open_submitter
from tests.producers import graphs
from tests.producers.stored import published, run_of, take_over
from tests.stores import migrated

WHO = {"who": ["ann", "bob"]}


@pytest.fixture
def store(store_url: str) -> str:
    migrated(store_url)
    return store_url


@pytest.mark.parametrize("asynchronous", [False, True], ids=["sync-node", "async-node"])
@pytest.mark.parametrize("checkpointer", [None, InMemorySaver()], ids=["no-saver", "own-saver"])
def test_a_graph_runs_until_its_gate_and_its_plan_is_on_the_way(
    store: str, asynchronous: bool, checkpointer: Any
) -> None:
    graph = graphs.gated(asynchronous=asynchronous, checkpointer=checkpointer)
    done = submit(graph, WHO, name="billing", thread_id="t1", store_url=store)
    assert not done.finished
    run = run_of(store, "t1")
    assert (run.status, run.graph, run.plan_id, run.lease_until) == ("PAUSED", "billing", done.plan_id, None)
    (plan,) = published(store)
    assert plan.plan_id == done.plan_id
    assert plan.run is not None
    assert (plan.run.kind, plan.run.thread_id) == (PauseKind.DYNAMIC, "t1")
    assert plan_id_of_pause(plan.run) == plan.plan_id
    assert [step.arguments for step in plan.steps] == [{"to": "ann"}, {"to": "bob"}]
    assert (plan.goal, plan.agent.name, plan.proposer) == ("remind them", "billing", "billing")


async def test_asubmit_does_the_same_inside_an_event_loop(store: str) -> None:
    done = await asubmit(graphs.gated(), WHO, name="billing", store_url=store)
    assert [plan.plan_id for plan in published(store)] == [done.plan_id]


async def test_submit_inside_an_event_loop_says_what_to_write(store: str) -> None:
    with pytest.raises(RuntimeError, match="await asubmit"):
        submit(graphs.gated(), WHO, name="billing", store_url=store)


def test_submitted_again_while_it_waits_nothing_happens(store: str) -> None:
    first = submit(graphs.gated(), WHO, name="billing", thread_id="t1", store_url=store)
    second = submit(graphs.gated(), {"who": ["eve"]}, name="billing", thread_id="t1", store_url=store)
    assert second == first
    assert len(published(store)) == 1


def test_a_graph_that_ends_without_a_gate_has_finished(store: str) -> None:
    done = submit(graphs.gated(), {"who": []}, name="billing", thread_id="t1", store_url=store)
    assert (done.finished, done.plan_id) == (True, None)
    assert done.output["plan"]["steps"] == []
    assert run_of(store, "t1").status == "DONE"
    assert published(store) == []


def test_a_finished_thread_may_go_on(store: str) -> None:
    submit(graphs.gated(), {"who": []}, name="billing", thread_id="t1", store_url=store)
    again = submit(graphs.gated(), WHO, name="billing", thread_id="t1", store_url=store)
    assert [plan.plan_id for plan in published(store)] == [again.plan_id]


def test_a_static_gate_takes_its_plan_from_the_state(store: str) -> None:
    done = submit(
        graphs.static(),
        WHO,
        name="billing",
        thread_id="t1",
        plan_from_state=graphs.plan_from_state,
        store_url=store,
    )
    (plan,) = published(store)
    assert plan.plan_id == done.plan_id
    assert plan.run is not None
    assert (plan.run.kind, plan.run.next_nodes) == (PauseKind.STATIC, ("act",))


def test_classes_of_the_authors_own_survive_in_the_state(store: str) -> None:
    submit(
        graphs.static_rich(),
        {"customers": [graphs.Customer("ann")]},
        name="billing",
        plan_from_state=graphs.plan_for_customers,
        store_url=store,
    )
    (plan,) = published(store)
    assert [step.arguments for step in plan.steps] == [{"to": "ann"}, {"to": "bob"}]


def test_a_static_gate_without_plan_from_state_is_told_what_is_missing(store: str) -> None:
    with pytest.raises(NotAtAGateError, match=r"name plan_from_state for 'billing' in langgraph\.json"):
        submit(graphs.static(), WHO, name="billing", thread_id="t1", store_url=store)
    run = run_of(store, "t1")
    assert run.status == "FAILED"
    assert "plan_from_state" in run.error
    assert published(store) == []


def test_a_node_that_raises_leaves_a_failed_run_that_may_be_submitted_again(store: str) -> None:
    with pytest.raises(KeyError, match="who"):
        submit(graphs.gated(), {"plan": {}}, name="billing", thread_id="t1", store_url=store)
    assert (run_of(store, "t1").status, run_of(store, "t1").error) == ("FAILED", "KeyError: 'who'")
    again = submit(graphs.gated(), WHO, name="billing", thread_id="t1", store_url=store)
    assert [plan.plan_id for plan in published(store)] == [again.plan_id]


def test_many_runs_go_over_one_submitter(store: str) -> None:
    async def many() -> set[Any]:
        graph = graphs.gated()
        async with open_submitter(store) as submitter:
            done = [submitter.submit(graph, WHO, name="billing") for _ in range(8)]
            return {each.plan_id for each in await asyncio.gather(*done)}

    plan_ids = asyncio.run(many())
    assert {plan.plan_id for plan in published(store)} == plan_ids
    assert len(plan_ids) == 8


async def test_a_thread_that_another_process_plans_on_is_left_alone(store: str) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(state: graphs.State) -> graphs.State:
        began.set()
        await go_on.wait()
        return state

    builder = StateGraph(graphs.State)
    builder.add_node("slow", slow)
    builder.set_entry_point("slow")
    slow_graph = builder.compile()
    async with open_submitter(store) as one, open_submitter(store) as other:
        first = asyncio.create_task(one.submit(slow_graph, WHO, name="slow", thread_id="t1"))
        await began.wait()
        with pytest.raises(RunBusyError, match="t1 is RUNNING"):
            await other.submit(slow_graph, WHO, name="slow", thread_id="t1")
        go_on.set()
        assert (await first).finished


async def test_a_submission_that_lost_its_thread_stops_and_publishes_nothing(store: str) -> None:
    stopped = asyncio.Event()

    async def endless(state: graphs.State) -> graphs.State:
        take_over(store, "t1")
        try:
            await asyncio.Event().wait()
        finally:
            stopped.set()
        return state

    builder = StateGraph(graphs.State)
    builder.add_node("endless", endless)
    builder.set_entry_point("endless")
    async with open_submitter(store, lease_s=0.6) as submitter:
        with pytest.raises(FenceLostError, match="t1 belongs to another worker"):
            await submitter.submit(builder.compile(), WHO, name="endless", thread_id="t1")
    assert stopped.is_set()
    assert run_of(store, "t1").worker == "another"
    assert published(store) == []


async def test_a_long_plan_keeps_its_lease(store: str) -> None:
    began, go_on = asyncio.Event(), asyncio.Event()

    async def slow(state: graphs.State) -> graphs.State:
        began.set()
        await go_on.wait()
        return state

    builder = StateGraph(graphs.State)
    builder.add_node("slow", slow)
    builder.set_entry_point("slow")
    async with open_submitter(store, lease_s=0.6) as submitter:
        run = asyncio.create_task(submitter.submit(builder.compile(), WHO, name="slow", thread_id="t1"))
        await began.wait()
        first = run_of(store, "t1").lease_until
        async with asyncio.timeout(20):
            while run_of(store, "t1").lease_until == first:  # noqa: ASYNC110 - a row has no event
                await asyncio.sleep(0.05)
        go_on.set()
        assert (await run).finished


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"config": {"configurable": {"thread_id": "a"}}, "thread_id": "b"}, "names another thread, a"),
        ({"config": {"configurable": {"checkpoint_id": "1"}}}, "names a checkpoint"),
    ],
)
def test_a_config_that_contradicts_is_refused(sqlite_url: str, given: dict[str, Any], words: str) -> None:
    with pytest.raises(SubmitError, match=words):
        submit(graphs.gated(), WHO, name="billing", store_url=sqlite_url, **given)


def test_a_graph_that_is_not_compiled_is_named(sqlite_url: str) -> None:
    with pytest.raises(SubmitError, match="a StateGraph is no compiled graph"):
        submit(StateGraph(graphs.State), WHO, name="billing", store_url=sqlite_url)


def test_without_a_store_it_says_how_to_name_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLANGATE_STORE_URL", raising=False)
    with pytest.raises(NoStoreError, match="PLANGATE_STORE_URL"):
        submit(graphs.gated(), WHO, name="billing")


def test_the_store_is_named_by_the_environment(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_STORE_URL", store)
    assert submit(graphs.gated(), WHO, name="billing").plan_id is not None
