from collections.abc import AsyncIterator
from typing import Annotated, Any, TypedDict

import pytest
from langgraph.checkpoint.base import BaseCheckpointSaver, empty_checkpoint
from langgraph.checkpoint.conformance import checkpointer_test, validate
from langgraph.checkpoint.postgres.aio import AsyncPostgresSaver
from langgraph.checkpoint.sqlite.aio import AsyncSqliteSaver
from langgraph.graph import START, StateGraph
from langgraph.types import Command, interrupt
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError

from gate_store.engine.port import Act, CheckpointPut, EngineStore, FenceLostError, PackedPut, WritesPut
from gate_store.savers.fence import TOKEN_KEY
from gate_store.savers.open import open_saver
from gate_store.savers.postgres import FencedPostgresSaver
from tests.engine.scene import EARLIER, Scene

THREAD: Any = {"configurable": {"thread_id": "t1", "checkpoint_ns": ""}}


async def test_our_savers_pass_langgraphs_conformance(scene: Scene) -> None:
    @checkpointer_test(name="fenced")
    async def fenced() -> AsyncIterator[BaseCheckpointSaver[str]]:
        async with open_saver(scene.url) as saver:
            yield saver

    report = await validate(fenced)
    assert report.passed_all(), report.to_dict()


def fenced_config(token: int) -> Any:
    return {"configurable": {"thread_id": "t1", "checkpoint_ns": "", TOKEN_KEY: token}}


async def test_a_saver_with_the_token_writes(scene: Scene, engine: EngineStore) -> None:
    await scene.ready("t1")
    (run,) = await engine.claim("a", 1, 30)
    checkpoint = empty_checkpoint()
    async with open_saver(scene.url) as saver:
        config = await saver.aput(fenced_config(run.token), checkpoint, {"step": 3}, {})
        assert config["configurable"]["checkpoint_id"] == checkpoint["id"]
        with_token: Any = {"configurable": {**config["configurable"], TOKEN_KEY: run.token}}
        await saver.aput_writes(with_token, [("name", "beta")], "task-3")
        found = await saver.aget_tuple(THREAD)
    assert found is not None
    assert found.config == config
    assert found.pending_writes == [("task-3", "name", "beta")]
    assert TOKEN_KEY not in found.metadata


async def test_a_saver_without_the_run_writes_nothing(scene: Scene, engine: EngineStore) -> None:
    paused = await scene.ready("t1")
    (run,) = await engine.claim("a", 1, 30)
    head: Any = {**run.head.config["configurable"]}
    async with open_saver(scene.url) as saver:
        for token in (run.token - 1, run.token + 1):
            with pytest.raises(FenceLostError):
                await saver.aput(fenced_config(token), empty_checkpoint(), {}, {})
            old: Any = {"configurable": {**head, TOKEN_KEY: token}}
            with pytest.raises(FenceLostError):
                await saver.aput_writes(old, [("name", "beta")], "task-3")
        saver.fences.set("t1", run.token)
        scene.change_run("t1", status="DONE", worker=None, lease_until=None)
        with pytest.raises(FenceLostError):
            await saver.aput(THREAD, empty_checkpoint(), {}, {})
        found = await saver.aget_tuple(THREAD)
        assert found is not None
        assert found.config["configurable"]["checkpoint_id"] == paused.pause.checkpoint_id
        assert found.pending_writes == run.head.pending_writes
        saver.fences.drop("t1")
        await saver.aput(THREAD, empty_checkpoint(), {}, {})  # stock again


async def test_the_run_cannot_be_taken_over_between_the_check_and_the_write(
    postgres_scene: Scene,
) -> None:
    await postgres_scene.ready("t1", status="RUNNING", worker="a", lease_until=EARLIER, token=4)
    async with open_saver(postgres_scene.url) as saver:
        assert isinstance(saver, FencedPostgresSaver)
        with saver._claimed(fenced_config(4)):
            async with saver._cursor(pipeline=True):
                with pytest.raises(OperationalError, match="lock timeout"):
                    take_over(postgres_scene)


def take_over(scene: Scene) -> None:
    with scene.store.begin() as conn:
        conn.execute(text("SET lock_timeout = '200ms'"))
        conn.execute(text("UPDATE runs SET token = 5"))


async def test_a_fence_reaches_the_savers_that_compile_copies(scene: Scene) -> None:
    async with open_saver(scene.url) as saver:
        copy: Any = saver.with_allowlist({("decimal", "Context")})
        saver.fences.set("t1", 7)
        assert copy is not saver
        with pytest.raises(FenceLostError):
            await copy.aput(THREAD, empty_checkpoint(), {}, {})


class State(TypedDict):
    mails: Annotated[list[str], lambda old, new: old + new]
    verdict: str


def billing(saver: Any) -> Any:
    def ask(_: State) -> dict[str, Any]:
        return {"verdict": interrupt({"plan": "send"}), "mails": ["asked"]}

    def act(state: State) -> dict[str, Any]:
        return {"mails": [f"sent {state['verdict']}"]}

    graph: Any = StateGraph(State)  # the annotations of add_node want every node to be a Runnable of State
    graph.add_node("ask", ask)
    graph.add_node("act", act)
    graph.add_edge(START, "ask")
    graph.add_edge("ask", "act")
    return graph.compile(checkpointer=saver)


class Recorder(BaseCheckpointSaver[str]):
    """Hands LangGraph's puts to the engine, as a resumer does."""

    def __init__(self, engine: EngineStore, like: Any) -> None:
        super().__init__(serde=like.serde)
        self.engine = engine
        self.get_next_version = like.get_next_version  # type: ignore[method-assign]  # the store's own
        self.puts: list[CheckpointPut | WritesPut | PackedPut] = []
        self.head = ""

    async def aget_tuple(self, config: Any) -> Any:
        return await self.engine.read(config["configurable"]["thread_id"], "", None)

    async def aput(self, config: Any, checkpoint: Any, metadata: Any, new_versions: Any) -> Any:
        self.puts.append(self.engine.pack(CheckpointPut(config, checkpoint, metadata, new_versions)))
        self.head = checkpoint["id"]
        return {"configurable": {**THREAD["configurable"], "checkpoint_id": checkpoint["id"]}}

    async def aput_writes(self, config: Any, writes: Any, task_id: str, task_path: str = "") -> None:
        self.puts.append(self.engine.pack(WritesPut(config, writes, task_id, task_path)))


async def test_a_graph_paused_by_a_stock_saver_and_finished_by_the_engine(
    scene: Scene, engine: EngineStore
) -> None:
    await scene.ready("t1")
    async with stock_saver(scene.url) as saver:
        await saver.adelete_thread("t1")
        result = await billing(saver).ainvoke({"mails": []}, THREAD)
        (run,) = await engine.claim("a", 1, 30)
        recorder = Recorder(engine, saver)
        answer: Any = Command(resume={result["__interrupt__"][0].id: "approved"})
        final = await billing(recorder).ainvoke(answer, THREAD, durability="async")
        act = Act("t1", run.token, puts=recorder.puts, new_head=recorder.head)
        assert await engine.flush([act]) == [None]
        state = await billing(saver).aget_state(THREAD)
    assert final["mails"] == ["asked", "sent approved"]
    assert state.values == final
    assert state.next == ()
    assert state.config["configurable"]["checkpoint_id"] == recorder.head


async def test_the_engine_leaves_the_rows_that_a_stock_saver_leaves(
    scene: Scene, engine: EngineStore
) -> None:
    async def finish(thread_id: str, graph: Any, answer: Any) -> None:
        await graph.ainvoke(answer, {"configurable": {"thread_id": thread_id}}, durability="sync")

    await scene.ready("t1")
    async with stock_saver(scene.url) as saver:
        await saver.adelete_thread("t1")
        await finish("t1", billing(saver), {"mails": []})
        await finish("t2", billing(saver), {"mails": []})
        (run,) = await engine.claim("a", 1, 30)
        recorder = Recorder(engine, saver)
        for thread_id, graph in (("t1", billing(recorder)), ("t2", billing(saver))):
            pending = await saver.aget_tuple({"configurable": {"thread_id": thread_id}})
            assert pending is not None
            (interrupts,) = [
                value for _, channel, value in pending.pending_writes or [] if channel == "__interrupt__"
            ]
            await finish(thread_id, graph, Command(resume={interrupts[0].id: "approved"}))
        assert await engine.flush([Act("t1", run.token, puts=recorder.puts)]) == [None]
        ours = [shape(item) async for item in saver.alist({"configurable": {"thread_id": "t1"}})]
        theirs = [shape(item) async for item in saver.alist({"configurable": {"thread_id": "t2"}})]
    assert ours == theirs
    assert len(ours) >= 4


def shape(item: Any) -> Any:
    """A checkpoint without what differs between two threads."""
    writes = sorted((channel, str(type(value))) for _, channel, value in item.pending_writes)
    return item.checkpoint["channel_values"], item.metadata.get("step"), item.metadata.get("source"), writes


def stock_saver(url: str) -> Any:
    if url.startswith("postgresql"):
        return AsyncPostgresSaver.from_conn_string(url)
    return AsyncSqliteSaver.from_conn_string(make_url(url).database or "")
