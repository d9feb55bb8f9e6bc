"""A run that failed goes on from its checkpoint once people agree; failed steps begin again only by name."""

import signal
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from gate_events.records import ApprovalRequested, DecisionMade, PlanExecuted
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus
from gate_policy.catalogue import load_catalogue
from gate_store.database import utc_now
from gate_store.dispositions import Fate
from gate_store.outcomes import record_outcomes
from gate_store.retrying import BEGUN_AGAIN, NotRetryableError
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.retrying import ask_to_retry
from tests.cli.commands import Shell
from tests.resumer.process import resumer_process
from tests.resumer.stage import Stage
from tests.resumer.test_crashes import LEASE_S
from tests.store.examples import decided

Happened = Callable[[], list[str]]
CATALOGUE = load_catalogue("version: 1\nactions: {email.send: {tier: IRREVERSIBLE}}")


async def failed(stage: Stage) -> None:
    """Its first step is done, its second failed, and the gatekeeper has heard of that."""
    stage.decide(await stage.submit("second_time"))
    await stage.resume("FAILED")
    record(stage)


def record(stage: Stage) -> None:
    """What the run said on `outcomes` comes back to the gatekeeper, and counts."""
    outcomes = stage.said(PlanExecuted)
    with stage.engine.begin() as conn:
        assert record_outcomes(conn, outcomes, utc_now()) == {}


def retry(stage: Stage, *steps: str) -> ApprovalRequested:
    with stage.engine.begin() as conn:
        request = ask_to_retry(conn, "t1", steps, "olga", "the mailbox has room again", CATALOGUE, utc_now())
    with stage.engine.begin() as conn:
        assert commit_batch(conn, [request], CATALOGUE, utc_now()).refused == {}
    return request


def approve(stage: Stage, request: ApprovalRequested) -> None:
    (fate,) = stage.say(decided(request, at=utc_now()))
    assert fate.fate is Fate.DECIDED, fate


def told(stage: Stage) -> Sequence[tuple[int, OutcomeStatus, list[StepStatus]]]:
    said = stage.said(PlanExecuted)
    return [(each.attempt, each.status, [result.status for result in each.results]) for each in said]


async def test_a_named_step_is_begun_again_once_people_agree_and_what_is_done_is_not(
    stage: Stage, happened: Happened
) -> None:
    await failed(stage)
    request = retry(stage, "s2")
    assert (stage.run().status, request.attempt) == ("PAUSED", 2)
    approve(stage, request)
    await stage.resume()
    assert happened() == ["ann", "bob", "bob"]
    assert told(stage) == [
        (1, OutcomeStatus.FAILED, [StepStatus.SUCCEEDED, StepStatus.FAILED]),
        (2, OutcomeStatus.DONE, [StepStatus.SUCCEEDED, StepStatus.SUCCEEDED]),
    ]
    record(stage)
    assert stage.said(DecisionMade) == []  # no gate was taken back by the outcome of the attempt before


async def test_its_reviewers_and_auditors_read_who_asks_why_and_for_which_steps(stage: Stage) -> None:
    await failed(stage)
    findings = {each.check: each for each in retry(stage, "s2").review.findings}
    assert findings[BEGUN_AGAIN].step_ids == ("s2",)
    assert 's2: "' in findings[BEGUN_AGAIN].text
    assert "bob's mailbox is full" in findings[BEGUN_AGAIN].text
    assert 'olga asks for another attempt: "the mailbox has room again"' in findings["asked again"].text
    assert DecisionKind.EDIT not in retryable_kinds(stage)


def retryable_kinds(stage: Stage) -> Sequence[DecisionKind]:
    """What the last question takes: its graph has gone on, and hears no other answer."""
    asked: ApprovalRequested = stage.said(ApprovalRequested)[-1]
    return asked.review.terms.allowed


async def test_a_failed_step_that_nobody_named_is_not_begun_again(stage: Stage, happened: Happened) -> None:
    await failed(stage)
    approve(stage, retry(stage))
    await stage.resume("FAILED")
    assert happened() == ["ann", "bob"]
    assert "step s2 failed before and is not repeated" in stage.run().error


async def test_an_approval_lets_a_step_begin_again_once(
    stage: Stage, happened: Happened, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAILURES", "2")
    await failed(stage)
    approve(stage, retry(stage, "s2"))
    await stage.resume("FAILED")
    record(stage)
    approve(stage, retry(stage))
    await stage.resume("FAILED")
    assert happened() == ["ann", "bob", "bob"]
    assert [attempt for attempt, *_ in told(stage)] == [1, 2, 3]


async def test_rejected_nothing_more_of_it_happens(stage: Stage, happened: Happened) -> None:
    await failed(stage)
    stage.say(decided(retry(stage, "s2"), DecisionKind.REJECT, at=utc_now()))
    await stage.resume("FAILED")
    assert happened() == ["ann", "bob"]


async def test_killed_in_the_middle_of_the_second_attempt_a_human_is_asked(
    stage: Stage, happened: Happened
) -> None:
    await failed(stage)
    approve(stage, retry(stage, "s2"))
    async with resumer_process(stage.url, {"SLOW_S": "60"}, lease_s=LEASE_S) as process:
        await stage.wait(lambda: happened().count("bob") == 2)
        await process.end(signal.SIGKILL)
    await stage.resume("IN_DOUBT")
    assert happened() == ["ann", "bob", "bob"]
    with pytest.raises(NotRetryableError, match="it is IN_DOUBT"):
        retry(stage, "s2")


async def test_what_may_not_be_tried_again_is_refused(stage: Stage) -> None:
    stage.decide(await stage.submit("second_time"))
    with pytest.raises(NotRetryableError, match="it is READY; only a FAILED run is"):
        retry(stage)
    await stage.resume("FAILED")
    with pytest.raises(NotRetryableError, match="its outcome is not on record yet"):
        retry(stage)
    record(stage)
    with pytest.raises(NotRetryableError, match="step s1 is done"):
        retry(stage, "s1")
    with pytest.raises(NotRetryableError, match="step s9 has not failed"):
        retry(stage, "s9")
    retry(stage, "s2")
    with pytest.raises(NotRetryableError, match="it is PAUSED"):
        retry(stage, "s2")


async def test_what_was_done_without_the_ledger_is_not_tried_again(stage: Stage) -> None:
    stage.decide(await stage.submit("strange_past_ledger"))
    await stage.resume("FAILED")
    record(stage)
    with pytest.raises(NotRetryableError, match="it went on without the ledger"):
        retry(stage)


async def test_the_command_asks_once_however_often_it_is_said(stage: Stage, tmp_path: Path) -> None:
    await failed(stage)
    shell = Shell(tmp_path, {"PLANGATE_STORE_URL": stage.url})
    shell.write("catalogue.yaml", "version: 1\nactions: {email.send: {tier: IRREVERSIBLE}}\n")
    say = ("retry", "t1", "--step", "s2", "--note", "it has room again", "--by", "olga")
    assert shell.run(*say, "--json").json["attempt"] == 2
    shell.run(*say).complains("run t1 is not tried again: it is PAUSED")
    assert len(stage.said(ApprovalRequested)) == 1


async def test_the_command_names_failed_steps_that_stay_as_they_are(stage: Stage, tmp_path: Path) -> None:
    await failed(stage)
    shell = Shell(tmp_path, {"PLANGATE_STORE_URL": stage.url})
    shell.write("catalogue.yaml", "version: 1\nactions: {email.send: {tier: IRREVERSIBLE}}\n")
    told = shell.run("retry", "t1", "--note", "it has room again", "--by", "olga")
    assert "no --step names s2, which failed" in told.out
