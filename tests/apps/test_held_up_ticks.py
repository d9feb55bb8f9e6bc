"""The clock's work where a lock is held for ever, or a statement does not end: broken off, and said."""

import asyncio
import logging
import re
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import OperationalError

from gate_events.records import DecisionMade
from gate_store.bounded import Bounds, bounded, is_held_up
from gate_store.database import open_store, utc_now
from stream_apps.config import AppsConfig
from stream_apps.gatekeeper import ticker as ticker_module
from stream_apps.gatekeeper.gatekeeping import StoreThread
from stream_apps.gatekeeper.ticker import Ticker
from stream_apps.progress import Progress
from tests.claims.gate import CATALOGUE, asked, commit, proposed, step
from tests.store.acting import said
from tests.stores import migrated

SHORT_LOCK, SHORT_STATEMENT = Bounds(lock_s=0.2), Bounds(statement_s=0.2)
HELD = "another session holds a lock in the store"


class NoDeadLetters:
    """None wait, and none come."""

    waits = False


@pytest.fixture
def store(postgres_url: str) -> Iterator[Engine]:
    migrated(postgres_url)
    opened = open_store(postgres_url, by_key=True)
    with opened.begin() as conn:
        commit(conn, asked(proposed(step("pay"))))  # its deadline is long over
    yield opened
    opened.dispose()


def ticker_of(store: Engine, tmp_path: Path, **changes: Any) -> Ticker:
    config = AppsConfig(kafka={}, store_url="", catalogue=CATALOGUE, spool=tmp_path, clock=utc_now, **changes)
    thread = StoreThread(store, Progress())
    return Ticker(config, thread, NoDeadLetters(), SHORT_LOCK)  # type: ignore[arg-type] # what it asks them


def expiries(store: Engine) -> int:
    with store.begin() as conn:
        return len(said(conn, DecisionMade))


async def test_a_lock_that_is_held_for_ever_is_said_and_decides_nothing_twice(
    store: Engine, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING, "plangate")
    ticker = ticker_of(store, tmp_path)
    with store.begin() as other:
        other.exec_driver_sql("LOCK TABLE gates IN ACCESS EXCLUSIVE MODE")
        await asyncio.to_thread(ticker.tick)
        assert f"(deadlines) is held up: {HELD}" in caplog.text
        tried = dict(ticker._held_up)
        await asyncio.to_thread(ticker.tick)
        assert ticker._held_up == tried  # records wait for the same thread: not tried again at once
        assert ticker.trouble() == ""
        monkeypatch.setattr(ticker_module, "_AGAIN_S", 0.0)
        ticker._held_up = {part: replace(held, again_at=0.0) for part, held in tried.items()}
        await asyncio.to_thread(ticker.tick)
        assert ticker.trouble().startswith(f"deadlines: {HELD}")
    assert caplog.text.count("the clock's work (deadlines) is held up") == 1
    assert expiries(store) == 0
    for _ in range(2):
        await asyncio.to_thread(ticker.tick)
    assert ticker.trouble() == ""
    assert "the clock's work (deadlines) goes on" in caplog.text
    assert expiries(store) == 1


async def test_a_tick_that_does_not_end_is_said(store: Engine, tmp_path: Path) -> None:
    """Where the server keeps silent, too: what is asked for its trouble does not wait for it."""
    ticker = ticker_of(store, tmp_path, stuck_after_s=0.0)
    ticker._began = time.monotonic() - 1
    assert re.search(r"has not ended for \d+ s", ticker.trouble())


def test_a_statement_that_does_not_end_is_broken_off(store: Engine) -> None:
    """Only where the clock works: a batch of records in the same pool takes as long as it takes."""
    began = time.monotonic()
    with bounded(store, SHORT_STATEMENT).begin() as conn, pytest.raises(OperationalError) as broken_off:
        conn.exec_driver_sql("SELECT pg_sleep(60)")
    assert is_held_up(broken_off.value)
    assert time.monotonic() - began < 30
    with store.begin() as conn:
        assert conn.exec_driver_sql("SHOW statement_timeout").scalar_one() == "0"
        assert conn.exec_driver_sql("SHOW lock_timeout").scalar_one() == "0"
