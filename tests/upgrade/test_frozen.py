"""What earlier code left, today's code serves: stores, paused runs, gates, outbox rows, records."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import select

from gate_events.codec import decode, to_json
from gate_events.records import ApprovalRequested, PlanProposed
from gate_events.topics import TOPICS
from gate_events.words import DecisionKind, RequestKind, Resolution
from gate_store.database import open_store, utc_now
from gate_store.dialects import whole
from gate_store.migrate import behind, upgrade
from gate_store.tables import gates, runs
from tests.resumer.stage import Stage, config, resumer
from tests.store.examples import decided
from tests.upgrade.comparing import as_far_as
from tests.upgrade.freeze import FROZEN, PROJECT, asked_about, thaw

STORES = sorted(FROZEN.glob("*.sql"))
RECORDS = [json.loads(line) for file in sorted(FROZEN.glob("*.records")) for line in file.open()]
TYPES: dict[str, Any] = {topic.record.__name__: topic.record for topic in TOPICS}
URLS = {"sqlite": "sqlite_url", "postgresql": "postgres_url"}
IN_ALL = {"waiting", "approved"}  # the oldest has no more
FULL = [file for file in STORES if file.stem.partition(".")[0] != "0001"]
in_full = pytest.mark.parametrize("old", FULL, ids=[file.stem for file in FULL], indirect=True)


@pytest.fixture(params=STORES, ids=[file.stem for file in STORES])
def old(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """A frozen store, upgraded."""
    monkeypatch.setenv("EFFECTS_LOG", str(tmp_path / "effects.log"))
    url = request.getfixturevalue(URLS[request.param.stem.rpartition(".")[2]])
    thaw(url, request.param.read_text())
    upgrade(url)
    assert behind(url) is None
    engine = open_store(url)
    yield Stage(url, engine, PROJECT)
    engine.dispose()


def question(old: Stage, kind: RequestKind) -> ApprovalRequested:
    """The one that waits for an answer."""
    with old.engine.begin() as conn:
        which = (gates.c.state == "PENDING", gates.c.kind == kind.value)
        waits = conn.execute(select(whole(gates.c.request)).where(*which)).scalar_one()
    return msgspec.json.decode(waits, type=ApprovalRequested)


def threads(old: Stage) -> set[str]:
    with old.engine.begin() as conn:
        return set(conn.execute(select(runs.c.thread_id)).scalars())


def happened(tmp_path: Path) -> list[str]:
    return sorted((tmp_path / "effects.log").read_text().split())


def serving(old: Stage) -> resumer:
    return resumer(config(old.url, graphs_file=PROJECT / "langgraph.json"))


async def test_runs_that_were_paused_by_earlier_code_resume(old: Stage, tmp_path: Path) -> None:
    waits = question(old, RequestKind.PLAN)
    old.say(decided(waits, at=utc_now()))
    async with serving(old):
        await old.wait("DONE", "waiting")
        await old.wait("DONE", "approved")
    assert happened(tmp_path) == ["ann", "bob", "cid"]


@in_full
@pytest.mark.parametrize(
    ("resolution", "effects", "status"),
    [
        (Resolution.HAPPENED, ["eve"], "DONE"),
        (Resolution.RETRY, ["dan", "eve"], "DONE"),
        (Resolution.ABANDON, [], "FAILED"),
    ],
)
async def test_a_doubt_of_earlier_code_is_resolved(
    old: Stage, tmp_path: Path, resolution: Resolution, effects: list[str], status: str
) -> None:
    assert old.run("in doubt").status == "IN_DOUBT"
    doubt = question(old, RequestKind.IN_DOUBT)
    old.say(decided(doubt, DecisionKind.RESOLVE, resolution=resolution, at=doubt.requested_at))
    async with serving(old):
        await old.wait(status, "in doubt")
        await old.wait("DONE", "approved")
    assert happened(tmp_path) == sorted([*effects, "bob", "cid"])


@in_full
async def test_a_decision_that_waited_for_its_question_is_applied(old: Stage, tmp_path: Path) -> None:
    assert old.run("decided early").status == "PAUSED"
    (plan,) = (plan for plan in old.said(PlanProposed) if plan.run.thread_id == "decided early")
    old.open(asked_about(plan))
    async with serving(old):
        await old.wait("DONE", "decided early")
        await old.wait("DONE", "approved")
    assert happened(tmp_path) == ["bob", "cid", "fay"]


def test_what_waited_for_kafka_is_still_read(old: Stage) -> None:
    assert {plan.run.thread_id for plan in old.said(PlanProposed) if plan.run} == threads(old) >= IN_ALL


@pytest.mark.parametrize("frozen", RECORDS, ids=[each["record"] for each in RECORDS])
def test_records_of_earlier_contracts_say_what_they_said(frozen: dict[str, Any]) -> None:
    read = decode(bytes.fromhex(frozen["bytes"]), TYPES[frozen["record"]])
    said = json.loads(to_json(read))
    assert as_far_as(frozen["says"], said) == frozen["says"]


def test_every_kind_of_record_was_frozen() -> None:
    assert {each["record"] for each in RECORDS} == set(TYPES)
