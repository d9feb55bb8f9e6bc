"""What earlier code left, today's code serves: stores, paused runs, gates, outbox rows, records."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from gate_events.codec import decode, to_json
from gate_events.records import ApprovalRequested, PlanProposed
from gate_events.topics import TOPICS
from gate_store.database import open_store, utc_now
from gate_store.dialects import whole
from gate_store.migrate import behind, upgrade
from gate_store.tables import gates
from tests.resumer.stage import Stage, config, resumer
from tests.store.examples import decided
from tests.upgrade.freeze import FROZEN, PROJECT

STORES = sorted(FROZEN.glob("*.sql"))
RECORDS = [json.loads(line) for file in sorted(FROZEN.glob("*.records")) for line in file.open()]
TYPES: dict[str, Any] = {topic.record.__name__: topic.record for topic in TOPICS}


@pytest.fixture(params=STORES, ids=[file.stem for file in STORES])
def old(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Stage:
    """A frozen store, upgraded."""
    monkeypatch.setenv("EFFECTS_LOG", str(tmp_path / "effects.log"))
    with sqlite3.connect(tmp_path / "old.db") as connection:
        connection.executescript(request.param.read_text())
    url = f"sqlite:///{tmp_path / 'old.db'}"
    upgrade(url)
    return Stage(url, open_store(url), PROJECT)


async def test_runs_that_were_paused_by_earlier_code_resume(old: Stage, tmp_path: Path) -> None:
    assert behind(old.url) is None
    with old.engine.begin() as conn:
        waits = conn.execute(select(whole(gates.c.request)).where(gates.c.state == "PENDING")).scalar_one()
    old.say(decided(msgspec.json.decode(waits, type=ApprovalRequested), at=utc_now()))
    async with resumer(config(old.url, graphs_file=PROJECT / "langgraph.json")):
        await old.wait("DONE", "waiting")
        await old.wait("DONE", "approved")
    assert sorted((tmp_path / "effects.log").read_text().split()) == ["ann", "bob", "cid"]


def test_what_waited_for_kafka_is_still_read(old: Stage) -> None:
    assert {plan.run.thread_id for plan in old.said(PlanProposed) if plan.run} == {"waiting", "approved"}


@pytest.mark.parametrize("frozen", RECORDS, ids=[each["record"] for each in RECORDS])
def test_records_of_earlier_contracts_say_what_they_said(frozen: dict[str, Any]) -> None:
    read = decode(bytes.fromhex(frozen["bytes"]), TYPES[frozen["record"]])
    said = json.loads(to_json(read))
    assert {name: said[name] for name in frozen["says"]} == frozen["says"]


def test_every_kind_of_record_was_frozen() -> None:
    assert {each["record"] for each in RECORDS} == set(TYPES)
