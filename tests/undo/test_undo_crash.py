"""Kill -9 in the middle of an undo: it is never repeated blindly, and goes on as a human or a probe says."""

import asyncio
import json
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from gate_events.words import DecisionKind, Resolution
from gate_store.database import utc_now
from tests.resumer.process import ResumerProcess, resumer_process
from tests.store.examples import decided
from tests.undo.scene import Scene

pytestmark = pytest.mark.slow  # processes

LEASE_S = 1.0
PATIENCE_S = 60.0
GRAPH = """
import os, time
from pathlib import Path
from typing import TypedDict
from langgraph.graph import END, START, StateGraph

class State(TypedDict): n: int

graph = StateGraph(State).add_node("n", lambda _: {}).add_edge(START, "n").add_edge("n", END)
DONE = Path(__file__).with_name("done.txt")

def write(*words):
    with DONE.open("a") as file:
        print(*words, file=file)

def untag(step):
    write("begin", step.arguments["who"])
    time.sleep(float(os.environ.get("SLOW_S", "0")))
    write("end", step.arguments["who"])

def probe(step):
    return {"yes": True, "no": False}.get(os.environ.get("PROBE"))
"""


class Project:
    """A graph of the run that is undone, and resumers that have it."""

    def __init__(self, folder: Path, url: str) -> None:
        self.folder = folder
        self.url = url
        (folder / "crash_graph.py").write_text(GRAPH)
        named = {"undo": {"untag": "./crash_graph.py:untag"}, "probes": {"untag": "./crash_graph.py:probe"}}
        graphs = {"graphs": {"billing": "./crash_graph.py:graph"}, "plangate": {"billing": named}}
        (folder / "langgraph.json").write_text(json.dumps(graphs))

    def resumer(self, **environment: str) -> AbstractAsyncContextManager[ResumerProcess]:
        return resumer_process(
            self.url,
            environment,
            package="undo",
            graphs_file=str(self.folder / "langgraph.json"),
            lease_s=LEASE_S,
            instance="a machine's first resumer",
        )

    def done(self) -> list[str]:
        file = self.folder / "done.txt"
        return file.read_text().splitlines() if file.exists() else []

    async def until(self, true: Callable[[], bool]) -> None:
        async with asyncio.timeout(PATIENCE_S):
            while not true():  # noqa: ASYNC110 - a file and a store tell it
                await asyncio.sleep(0.05)

    async def killed(self) -> None:
        async with self.resumer(SLOW_S="600") as process:
            await self.until(lambda: "begin bob" in self.done())
            assert await process.end(signal.SIGKILL) == -signal.SIGKILL


@pytest.fixture
def project(tmp_path: Path, store_url: str) -> Project:
    return Project(tmp_path, store_url)


async def test_a_human_is_asked_and_it_goes_on_with_the_answer(project: Project, scene: Scene) -> None:
    plan = scene.undone("ann", "bob")
    await project.killed()
    async with project.resumer():
        await project.until(lambda: scene.states(plan.plan_id) == ["IN_DOUBT"])
        [question] = scene.ask_about_doubts()
        word = decided(question, DecisionKind.RESOLVE, at=utc_now(), by="ben", resolution=Resolution.HAPPENED)
        scene.commit(word)
        await project.until(lambda: bool(scene.outcomes(plan)))
    assert project.done() == ["begin bob", "begin ann", "end ann"]


@pytest.mark.parametrize(("found", "again"), [("yes", []), ("no", ["begin bob", "end bob"])])
async def test_a_probe_is_asked(project: Project, scene: Scene, found: str, again: list[str]) -> None:
    plan = scene.undone("ann", "bob")
    await project.killed()
    async with project.resumer(PROBE=found):
        await project.until(lambda: bool(scene.outcomes(plan)))
    assert project.done() == ["begin bob", *again, "begin ann", "end ann"]


async def test_two_resumers_undo_once_and_end_cleanly(project: Project, scene: Scene) -> None:
    plan = scene.undone("ann", "bob")
    async with project.resumer() as first, project.resumer() as second:
        await project.until(lambda: bool(scene.outcomes(plan)))
        assert [await each.end() for each in (first, second)] == [0, 0]
    assert project.done() == ["begin bob", "end bob", "begin ann", "end ann"]
