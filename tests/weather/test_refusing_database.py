"""A database that takes no connection, or no writing: runs in hand wait, and go on when it does again."""

from collections.abc import Callable

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
from tests.weather.refusals import Database, no_connection_left, no_login, no_rights, read_only

REFUSALS = [
    pytest.param(no_connection_left, "raise max_connections or the role's limit", id="no connection left"),
    pytest.param(read_only, "the database is read-only: name the primary", id="read-only"),
    pytest.param(
        no_rights, "`plangate store roles` gives each what it needs", id="no rights", marks=pytest.mark.slow
    ),
    pytest.param(no_login, "look at the role and at pg_hba.conf", id="no login", marks=pytest.mark.slow),
]


@pytest.mark.parametrize(("refusal", "mend"), REFUSALS)
async def test_runs_in_hand_wait_for_a_database_that_refuses_them(
    database: Database,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    refusal: Callable[[Database], object],
    mend: str,
) -> None:
    monkeypatch.setenv("SLOW_S", "0.2")
    stage = await approved_runs(database.url, looks_at=database.admin_url)
    async with resumer(config(database.url, graphs_file=GRAPHS, lease_s=1.0, run_timeout_s=1.0)):
        await until(lambda: len(happened()) >= 1)
        with refusal(database):  # type: ignore[attr-defined] # a context manager
            await until(lambda: "writing runs does not work" in caplog.text)
            await until(lambda: mend in caplog.text)
            await idles(1.5)
        await all_done(stage)
    each_effect_once(stage, happened)
    said_once(caplog, mend, "writing runs works again")
    stage.engine.dispose()


async def test_a_resumer_that_starts_while_its_database_refuses_it_waits(
    database: Database, happened: Happened, caplog: pytest.LogCaptureFixture
) -> None:
    """It does not end, to be started again and again by its supervisor."""
    stage = await approved_runs(database.url, looks_at=database.admin_url)
    with no_connection_left(database):
        starting = resumer(config(database.url, graphs_file=GRAPHS))
        task = await starting.__aenter__()
        await until(lambda: "opening the store does not work" in caplog.text)
        await idles(0.7)
        assert not task.done()
    await all_done(stage)
    await starting.__aexit__()
    each_effect_once(stage, happened)
    said_once(caplog, "opening the store works again")
    stage.engine.dispose()


async def test_a_resumer_that_waits_for_its_database_still_ends_when_told(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    with no_connection_left(database):
        async with resumer(config(database.url, graphs_file=GRAPHS)):
            await until(lambda: "opening the store does not work" in caplog.text)
