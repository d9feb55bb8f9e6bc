"""A resumer does its whole work under its role: runs, orphans, doubts and what its probes find."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gate_events.records import ApprovalRequested
from gate_events.words import DecisionKind
from gate_store.database import open_store, utc_now
from gate_store.roles.roles import Role
from gate_store.runs import register_run
from tests.resumer.process import resumer_process
from tests.resumer.stage import Stage, config, resumer
from tests.resumer.test_crashes import LEASE_S, PLACE
from tests.rights.logins import Logins

pytestmark = pytest.mark.postgres

Working = Callable[..., resumer]


@pytest.fixture
def stage(logins: Logins, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    """Agents submit under their role; the test looks as super user."""
    monkeypatch.setenv("EFFECTS_LOG", str(tmp_path / "effects.log"))
    engine = open_store(logins.url)
    yield Stage(logins.url_of(Role.AGENT), engine)
    engine.dispose()


@pytest.fixture
def working(logins: Logins) -> Working:
    return lambda **changes: resumer(config(logins.url_of(Role.RESUMER), **changes))


async def test_an_approved_run_is_resumed_and_its_outcome_told(stage: Stage, working: Working) -> None:
    stage.decide(await stage.submit())
    async with working():
        await stage.wait("DONE")
    assert [effect.state for effect in stage.effects()] == ["SUCCEEDED", "SUCCEEDED"]
    assert stage.outcome().results


async def test_what_an_agent_left_before_its_gate_is_ended(
    stage: Stage, logins: Logins, working: Working
) -> None:
    with logins.store(Role.AGENT) as store, store.begin() as conn:
        register_run(conn, "t1", "billing", "agent", 0.0, utc_now())
    async with working():
        await stage.wait("FAILED")


async def test_a_rejected_run_goes_on_with_its_answer(stage: Stage, working: Working) -> None:
    stage.decide(await stage.submit(), DecisionKind.REJECT)
    async with working():
        await stage.wait("DONE")
    assert stage.effects() == []


async def test_a_doubt_is_asked_about_and_a_probe_settles_it(
    stage: Stage, logins: Logins, working: Working, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stage.decide(await stage.submit("slow", who=["ann"], action="probed.send"))
    url, begun = logins.url_of(Role.RESUMER), tmp_path / "effects.log"
    async with resumer_process(url, {"SLOW_S": "60"}, lease_s=LEASE_S, instance=PLACE) as process:
        await stage.wait(lambda: begun.exists() and "begin ann" in begun.read_text())
        await process.end(signal.SIGKILL)
    async with working(lease_s=LEASE_S):
        await stage.wait("IN_DOUBT")
    (asked,) = stage.said(ApprovalRequested)
    assert asked.in_doubt.step_id == "s1"
    monkeypatch.setenv("PROBE", "yes")
    async with working(lease_s=LEASE_S, probe_again_s=0.05, instance=PLACE):
        await stage.wait("DONE")
    assert [effect.state for effect in stage.effects()] == ["SUCCEEDED"]
