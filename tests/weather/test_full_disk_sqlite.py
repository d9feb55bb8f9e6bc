"""SQLite on a disk without a free byte: results wait in the worker, and are then written."""

import asyncio

import pytest

from tests.resumer.stage import config, resumer
from tests.weather.outage import (
    GRAPHS,
    Happened,
    all_done,
    approved_runs,
    each_effect_once,
    idles,
    said_once,
    until,
)
from tests.weather.small_disk import SmallDisk


async def test_a_result_that_finds_the_disk_full_waits_and_is_then_written(
    disk: SmallDisk,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    disk.must_be_mounted_here()
    monkeypatch.setenv("SLOW_S", "0.3")
    url = f"sqlite:///{disk.folder}/plangate.db"
    stage = await approved_runs(url)
    async with resumer(config(url, graphs_file=GRAPHS, lease_s=1.0, run_timeout_s=1.5)):
        await until(lambda: len(happened()) >= 1)
        disk.fill()  # while effects are under way
        await until(lambda: "writing runs does not work" in caplog.text)
        await idles(2.5)  # beyond the lease, and beyond the run's time limit
        before = happened()
        await asyncio.sleep(0.2)
        assert happened() == before
        disk.free()
        await all_done(stage)
    each_effect_once(stage, happened)
    said_once(caplog, "the disk of the store is full; free space there", "writing runs works again")
    stage.engine.dispose()
