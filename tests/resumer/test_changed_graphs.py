"""The user edits the project while a run is paused: what was approved of another graph is never run."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate_events.words import OutcomeStatus
from gate_store.database import open_store
from tests.resumer.process import resumer_process
from tests.resumer.stage import Stage
from tests.stores import migrated

Happened = Callable[[], list[str]]
PROJECT = Path(__file__).parents[1] / "upgrade" / "project"


@pytest.fixture
def stage(sqlite_url: str, happened: Happened, tmp_path: Path) -> Stage:
    """A copy of a project, to be edited."""
    migrated(sqlite_url)
    shutil.copytree(PROJECT, tmp_path / "project")
    return Stage(sqlite_url, open_store(sqlite_url), tmp_path / "project")


def edit(file: Path, was: str, now: str) -> None:
    text = file.read_text()
    assert was in text
    file.write_text(text.replace(was, now))


CHANGED = "graph 'billing' has changed since it paused; submit the input again"
GONE = (
    "graph 'billing' is not in langgraph.json here (there: invoices); put it back and submit the input again"
)


@pytest.mark.parametrize(
    ("file", "was", "now", "why"),
    [
        (
            "frozen_billing.py",
            '"act"',
            '"perform"',
            "graph 'billing' has changed since it paused; submit the input again",
        ),
        (
            "frozen_billing.py",
            "who: list[str]",
            "who: list[str]\n    more: str",
            "has changed since it paused; submit",
        ),
        ("langgraph.json", '"billing"', '"invoices"', GONE),
    ],
    ids=["renamed node", "another input", "removed graph"],
)
async def test_a_graph_that_changed_while_it_was_paused_is_stale(
    stage: Stage, happened: Happened, file: str, was: str, now: str, why: str
) -> None:
    stage.decide(await stage.submit("billing", who=["ann"]))
    edit(stage.project / file, was, now)
    async with resumer_process(stage.url, graphs_file=str(stage.project / "langgraph.json")) as process:
        await stage.wait("STALE")
        assert await process.end() == 0
    assert why in stage.run().error
    assert happened() == []
    assert stage.outcome().status is OutcomeStatus.NOT_RUN


async def test_a_node_whose_body_changed_resumes(stage: Stage, happened: Happened) -> None:
    """What was approved is the plan; a mended node may carry it out."""
    stage.decide(await stage.submit("billing", who=["ann"]))
    edit(stage.project / "frozen_billing.py", 'file.write(f"', 'file.write(f"dear ')
    async with resumer_process(stage.url, graphs_file=str(stage.project / "langgraph.json")) as process:
        await stage.wait("DONE")
        assert await process.end() == 0
    assert happened() == ["dear ann"]


CHANGED_SINCE = "graph 'billing' has changed since they paused"


async def test_during_a_rolling_deploy_the_worker_that_has_the_version_resumes(
    stage: Stage, happened: Happened, tmp_path: Path
) -> None:
    newer = tmp_path / "newer"
    shutil.copytree(stage.project, newer)
    edit(newer / "frozen_billing.py", '"act"', '"perform"')
    stage.decide(await stage.submit("billing", who=["ann"]))
    log = tmp_path / "newer.log"
    ahead: Any = {"graphs_file": str(newer / "langgraph.json"), "stale_after_s": 1e9, "lease_s": 1.0}
    async with resumer_process(stage.url, log=log, **ahead) as new:
        await stage.wait(lambda: CHANGED_SINCE in log.read_text())
        assert stage.run().status == "READY"
        async with resumer_process(stage.url, graphs_file=str(stage.project / "langgraph.json")) as old:
            await stage.wait("DONE")
            assert await old.end() == 0
        assert await new.end() == 0
    assert happened() == ["ann"]
    assert log.read_text().count(CHANGED_SINCE) == 1
