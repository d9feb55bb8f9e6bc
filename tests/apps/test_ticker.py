"""The clock's work: rows that one part of it cannot take stop no other part."""

from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import OperationalError

from gate_events.records import DecisionMade
from gate_policy.catalogue import load_catalogue
from gate_store.database import open_store
from gate_store.gates import open_gates
from gate_store.tables import outbox
from stream_apps.config import AppsConfig
from stream_apps.gatekeeper import ticker
from tests.store.examples import HOUR, NOON, asked
from tests.stores import migrated


def broken(error: Exception) -> Any:
    def work(*_: Any, **__: Any) -> None:
        raise error

    return work


async def ticked(store_url: str) -> list[str]:
    """What it said of a gate that is past its deadline."""
    migrated(store_url)
    store = open_store(store_url)
    with store.begin() as conn:
        open_gates(conn, [asked()], NOON)
    config = AppsConfig(
        kafka={"bootstrap.servers": "nowhere"},
        store_url=store_url,
        catalogue=load_catalogue("version: 1\nactions: {}\n"),
        clock=lambda: NOON + HOUR + timedelta(minutes=1),
    )
    thread: Any = SimpleNamespace(store=store)
    letters: Any = SimpleNamespace(waits=True)
    try:
        ticker.Ticker(config, thread, letters).tick()
    finally:
        with store.begin() as conn:
            said = list(conn.execute(select(outbox.c.record)).scalars())
        store.dispose()
    return said


@pytest.mark.parametrize("part", ["ask_expiry_again", "doubt_lost_claims", "ask_about_doubted"])
async def test_a_part_that_fails_stops_no_other(
    store_url: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    monkeypatch.setattr(ticker, part, broken(RecursionError("too deep")))
    asks: list[Connection] = []
    monkeypatch.setattr(ticker, "ask_for_outcomes", lambda conn, *_: asks.append(conn))
    assert await ticked(store_url) == [DecisionMade.__name__]
    assert len(asks) == 1
    assert "a part of the clock's work failed" in caplog.text


async def test_an_outage_is_waited_out_as_a_whole(store_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = OperationalError("SELECT 1", {}, OSError("gone"), connection_invalidated=True)
    monkeypatch.setattr(ticker, "ask_about_doubted", broken(gone))
    with pytest.raises(OperationalError):
        await ticked(store_url)
