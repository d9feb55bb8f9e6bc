"""What Kafka has and a full disk does not let the outbox forget is not published over and over."""

import asyncio
import sqlite3
from collections import Counter
from collections.abc import Sequence

import pytest
from sqlalchemy import make_url

from gate_store.engine.port import OutboxRow
from tests.resumer.stage import config, resumer
from tests.weather.outage import GRAPHS, Happened, all_done, approved_runs, said_once, until
from tests.weather.small_disk import SmallDisk


async def test_rows_are_published_once_although_the_disk_is_full(
    disk: SmallDisk, happened: Happened, caplog: pytest.LogCaptureFixture
) -> None:
    disk.must_be_mounted_here()
    url = f"sqlite:///{disk.folder}/plangate.db"
    stage = await approved_runs(url)
    reader = sqlite3.connect(make_url(url).database or "")
    reader.execute("BEGIN")
    reader.execute("SELECT count(*) FROM runs").fetchone()  # so that the write-ahead log must grow
    published: Counter[int] = Counter()

    async def publish(rows: Sequence[tuple[int, OutboxRow]]) -> list[int]:
        if not published:
            disk.fill()
        published.update(number for number, _ in rows)
        return [number for number, _ in rows]

    async with resumer(config(url, graphs_file=GRAPHS, publish=publish)):
        await until(lambda: "publishing the outbox does not work" in caplog.text)
        await asyncio.sleep(1.5)
        reader.close()
        disk.free()
        await all_done(stage)
        await until(lambda: set(stage.in_outbox()) <= {"PlanDecided"})
    assert set(published.values()) == {1}
    said_once(caplog, "publishing the outbox works again")
    stage.engine.dispose()
