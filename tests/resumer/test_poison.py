"""Graphs that raise, hang, exit, crash and eat memory: each harms its own run alone."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gate_events.records import PlanExecuted
from gate_events.words import OutcomeStatus
from gate_store.database import open_store
from stream_apps.resumer.watchdog import EXIT_MEMORY, EXIT_STUCK
from tests.resumer.process import resumer_process
from tests.resumer.stage import Stage
from tests.stores import migrated

Happened = Callable[[], list[str]]
INNOCENTS = [f"innocent-{number}" for number in range(12)]
GIVEN_UP = "workers began it and did not end it"
KILLERS = {  # graph, deed: the reason of its failure
    ("poison", "raises"): "ValueError: no such customer",
    ("poison", "hangs"): "it ran longer than 4 s",
    ("poison", "calls_sys_exit"): "a node raised SystemExit(4)",
    ("poison_async", "calls_sys_exit"): "a node raised SystemExit(4)",
    ("poison_async", "hangs"): GIVEN_UP,
    ("poison", "loops_in_c"): GIVEN_UP,
    ("poison", "exits"): GIVEN_UP,
    ("poison", "crashes"): GIVEN_UP,
    ("poison", "eats"): GIVEN_UP,
}
QUICK: dict[str, Any] = {"lease_s": 3.0, "run_timeout_s": 4.0, "attempts": 2, "claims": 2, "memory_mb": 700}
PATIENCE_S = 300.0


@pytest.fixture
def on_postgres(postgres_url: str, happened: Happened) -> Stage:
    migrated(postgres_url)
    return Stage(postgres_url, open_store(postgres_url))


async def submitted(stage: Stage) -> dict[str, str]:
    """Killers among innocents, all approved; the killers' reasons by thread."""
    reasons = {}
    for number, ((graph, how), reason) in enumerate(KILLERS.items()):
        thread = f"{graph}-{how}"
        stage.decide(await stage.submit(graph, thread, who=[thread], how=how))
        reasons[thread] = reason
        for name in INNOCENTS[number :: len(KILLERS)]:
            stage.decide(await stage.submit("blocking", name, who=[name]))
    return reasons


@pytest.mark.long
@pytest.mark.postgres
async def test_a_graph_that_does_harm_harms_its_own_run_alone(
    on_postgres: Stage, happened: Happened, tmp_path: Path
) -> None:
    stage, log = on_postgres, tmp_path / "worker.log"
    reasons = await submitted(stage)
    async with resumer_process(stage.url, module="supervised", log=log, **QUICK) as worker:
        async with asyncio.timeout(PATIENCE_S):
            while any(stage.run(name).status in {"READY", "RUNNING"} for name in [*INNOCENTS, *reasons]):  # noqa: ASYNC110 - others' processes change it
                await asyncio.sleep(0.2)
        assert await worker.end() == 0
    for name in INNOCENTS:
        run = stage.run(name)
        assert (run.status, happened().count(name)) == ("DONE", 1) or run.status == "IN_DOUBT"
        assert run.attempts <= 2, "once in company of a killer, once alone"
    for thread, reason in reasons.items():
        run = stage.run(thread)
        assert run.status == "FAILED"
        assert reason in run.error, thread
        assert thread not in happened()
    killed = {each.plan_id for each in stage.said(PlanExecuted) if each.status is OutcomeStatus.FAILED}
    assert killed == {stage.run(thread).plan_id for thread in reasons}
    says(log.read_text())


def says(log: str) -> None:
    """One line names the runs in hand; the supervisor tells why each process ended."""
    assert "the event loop did not turn for 3 s; this process ends with runs" in log
    assert "poison_async-hangs" in log
    assert "MB are more than the 700 MB allowed; this process ends with runs" in log
    for code in (EXIT_STUCK, EXIT_MEMORY, 3, -11, -26):
        assert f"resumer ended with {code};" in log
    assert "in loops_in_c" in log  # the traceback that the kernel's signal leaves


async def test_hung_threads_neither_starve_the_others_nor_keep_the_process(
    on_postgres: Stage, happened: Happened
) -> None:
    stage = on_postgres
    for number in range(3):
        stage.decide(await stage.submit("poison", f"hung-{number}", who=["nobody"], how="hangs"))
    async with resumer_process(stage.url, threads=2, run_timeout_s=2.0, attempts=1) as process:
        await stage.wait(lambda: stage.run("hung-2").status == "FAILED", "hung-2")
        assert await process.end() == 0  # by itself: two threads' worth of nodes went on past their time
    stage.decide(await stage.submit("blocking", who=["ann"]))
    async with resumer_process(stage.url, threads=4) as process:
        await stage.wait("DONE")
        assert await process.end() == 0
    assert happened() == ["ann"]
