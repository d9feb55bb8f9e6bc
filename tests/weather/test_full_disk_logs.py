"""A log that cannot be written keeps no worker from its work."""

import asyncio
from pathlib import Path

import pytest

from tests.resumer.process import resumer_process
from tests.weather.outage import GRAPHS, Happened, all_done, approved_runs, each_effect_once, until
from tests.weather.refusals import Database

FULL = Path("/dev/full")  # every write to it finds the disk full


@pytest.mark.slow
@pytest.mark.skipif(not FULL.exists(), reason="this system has no /dev/full")
async def test_a_resumer_whose_log_finds_the_disk_full_goes_on(
    database: Database, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLOW_S", "0.5")
    stage = await approved_runs(database.url, looks_at=database.admin_url)
    async with resumer_process(database.url, log=FULL, graphs_file=str(GRAPHS)) as process:
        await until(lambda: len(happened()) >= 1)
        await asyncio.to_thread(database.cut)  # it has something to say
        await all_done(stage)
        assert await process.end() == 0
    each_effect_once(stage, happened)
    stage.engine.dispose()
