"""A real server whose every connection is taken by others."""

from contextlib import ExitStack

import psycopg
import pytest

from plangate.dev.postgres import PostgresServer
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

CUT = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'plangate engine%'"


@pytest.mark.slow
async def test_runs_in_hand_wait_for_a_server_that_has_too_many_clients(
    own_postgres: PostgresServer,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setenv("SLOW_S", "0.3")
    url = own_postgres.url()
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET max_connections = 20")
    own_postgres.restart()
    stage = await approved_runs(url)
    async with resumer(config(url, graphs_file=GRAPHS, lease_s=2.0)):
        await until(lambda: len(happened()) >= 1)
        with ExitStack() as others:
            admin = others.enter_context(psycopg.connect(url, autocommit=True))
            take_all(url, others)
            admin.execute(CUT)
            take_all(url, others)
            await until(lambda: "writing runs does not work" in caplog.text)
            await until(lambda: "raise max_connections" in caplog.text)
            await idles(3)
        await all_done(stage)
    each_effect_once(stage, happened)
    said_once(caplog, "too many clients", "writing runs works again")
    stage.engine.dispose()


def take_all(url: str, others: ExitStack) -> None:
    while True:
        try:
            others.enter_context(psycopg.connect(url))
        except psycopg.OperationalError:
            return
