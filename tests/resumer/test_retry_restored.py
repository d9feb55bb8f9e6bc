"""A step that had failed may have been begun again, and done, since the backup of a restored store."""

from collections.abc import Callable
from datetime import timedelta

import pytest

from gate_events.words import Resolution
from gate_store.database import utc_now
from gate_store.dispositions import Fate
from gate_store.restores import LostPlan
from gate_store.restoring import Lost, Since, note_lost
from stream_apps.retrying import ask_to_retry
from tests.resumer.stage import Stage
from tests.resumer.test_restored import answer
from tests.resumer.test_retry import CATALOGUE, approve, failed, retry
from tests.store.examples import decided

Happened = Callable[[], list[str]]


def restored(stage: Stage, log: Since) -> int:
    """From a backup of now, lost at once; how many steps are in doubt."""
    now = utc_now()
    with stage.engine.begin() as conn:
        return note_lost(conn, Lost(now, now), log, now + timedelta(seconds=1)).steps


async def is_asked_about(stage: Stage, happened: Happened) -> None:
    await stage.resume("IN_DOUBT")
    assert happened() == ["ann", "bob"]
    request = answer(stage, Resolution.HAPPENED)
    assert request.in_doubt
    assert request.in_doubt.step_id == "s2"
    await stage.resume()
    assert happened() == ["ann", "bob"]


async def test_what_was_let_be_begun_again_after_the_backup_is_asked_about(
    stage: Stage, happened: Happened
) -> None:
    await failed(stage)
    plan_id = stage.run().plan_id
    assert plan_id
    restored(stage, Since([LostPlan(plan_id, "t1")]))
    approve(stage, retry(stage, "s2"))
    await is_asked_about(stage, happened)


async def test_what_was_let_be_begun_again_at_the_backup_is_asked_about(
    stage: Stage, happened: Happened
) -> None:
    await failed(stage)
    approve(stage, retry(stage, "s2"))
    assert restored(stage, Since()) == 1
    await is_asked_about(stage, happened)


async def test_what_failed_after_the_restore_is_begun_again_by_name(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILURES", "1")
    restored(stage, Since())
    await failed(stage)
    approve(stage, retry(stage, "s2"))
    await stage.resume()
    assert happened() == ["ann", "bob", "bob"]


async def test_an_approval_of_what_was_asked_before_the_loss_answers_no_later_question(stage: Stage) -> None:
    await failed(stage)
    with stage.engine.connect() as conn:  # as it was asked after the backup, and is lost
        lost = ask_to_retry(conn, "t1", [], "olga", "", CATALOGUE, utc_now())
    plan_id = stage.run().plan_id
    assert plan_id
    restored(stage, Since([LostPlan(plan_id, "t1")]))
    [fate] = stage.say(decided(lost, at=utc_now(), review_digest=None))
    assert fate.fate is Fate.WAITING
    retry(stage, "s2")
    assert stage.run().status == "PAUSED"
