"""The database goes away in the middle of many runs."""

import asyncio
from collections import Counter
from collections.abc import Callable
from functools import partial

import pytest

from gate_store.database import open_store
from gate_store.migrate import upgrade
from plangate.dev.postgres import PostgresServer
from tests.resumer.stage import Stage, config, resumer

Happened = Callable[[], list[str]]
RUNS = 24


async def test_a_killed_database_makes_no_effect_happen_twice_and_loses_none(
    own_postgres: PostgresServer,
    happened: Happened,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Commits whose fate is unknown are looked up; nobody is asked, since no worker died."""
    monkeypatch.setenv("SLOW_S", "0.3")
    url = own_postgres.url()
    upgrade(url)
    stage = Stage(url, open_store(url))
    people = {f"t{number}": [f"a{number}", f"b{number}"] for number in range(RUNS)}
    for thread, who in people.items():
        stage.decide(await stage.submit("slow", thread, who=who))
    async with resumer(config(url, lease_s=30.0, in_flight=8)):
        for at in (4, 20):
            await stage.wait(partial(_more_happened, happened, at), "t0")
            await asyncio.to_thread(own_postgres.kill)
            await asyncio.sleep(0.5)
            await asyncio.to_thread(own_postgres.start)
        await stage.wait(lambda: all(stage.run(thread).status == "DONE" for thread in people), "t0")
    expected = [f"{word} {name}" for who in people.values() for name in who for word in ("begin", "end")]
    assert Counter(happened()) == Counter(expected)
    assert 1 <= caplog.text.count("writing runs does not work") <= 2  # once for each outage
    assert "writing runs works again" in caplog.text
    assert caplog.text.count("claiming runs does not work") <= 2
    stage.engine.dispose()


def _more_happened(happened: Happened, than: int) -> bool:
    return len(happened()) > than
