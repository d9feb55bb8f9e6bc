"""PostgreSQL on a disk without a free byte: results wait in the worker, and are then written."""

import contextlib
from collections.abc import Iterator

import psycopg
import pytest

from plangate.dev.postgres import PostgresServer
from tests.resumer.stage import config, resumer
from tests.services import required
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


@pytest.fixture
def cramped(disk: SmallDisk) -> Iterator[PostgresServer]:
    """PostgreSQL whose data and log share the small disk."""
    with required(), PostgresServer(disk.folder) as server:
        yield server


async def test_a_result_that_finds_the_disk_full_waits_and_is_then_written(
    disk: SmallDisk,
    cramped: PostgresServer,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SLOW_S", "0.3")
    url = cramped.url()
    stage = await approved_runs(url)
    async with resumer(config(url, graphs_file=GRAPHS, lease_s=1.0, run_timeout_s=1.5)):
        await until(lambda: len(happened()) >= 1)
        disk.fill()
        await until(lambda: "writing runs does not work" in caplog.text)
        await idles(2.5)
        disk.free()
        await all_done(stage)
    each_effect_once(stage, happened)
    said_once(caplog, "the disk of PostgreSQL is full; free space there", "writing runs works again")
    stage.engine.dispose()


@pytest.mark.slow
async def test_a_full_disk_of_the_write_ahead_log_takes_postgresql_down_and_is_waited_out(
    disk: SmallDisk,
    cramped: PostgresServer,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """PostgreSQL panics where it cannot write its log; if it does not come back by itself, it is started."""
    monkeypatch.setenv("SLOW_S", "0.3")
    url = cramped.url()
    stage = await approved_runs(url)
    async with resumer(config(url, graphs_file=GRAPHS, lease_s=2.0)):
        await until(lambda: len(happened()) >= 1)
        disk.fill()
        panics(url)
        await until(lambda: "writing runs does not work" in caplog.text)
        await idles(4)
        disk.free()
        cramped.start()
        await all_done(stage)
    each_effect_once(stage, happened)
    assert "PANIC" in (disk.folder / "postgres.log").read_text()
    said_once(caplog, "writing runs works again")
    stage.engine.dispose()


def panics(url: str) -> None:
    """Switch the log's segments until there is no room for the next one."""
    with contextlib.suppress(psycopg.OperationalError), psycopg.connect(url, autocommit=True) as connection:
        while True:
            connection.execute("SELECT pg_logical_emit_message(false, 'weather', 'x')")
            connection.execute("SELECT pg_switch_wal()")
