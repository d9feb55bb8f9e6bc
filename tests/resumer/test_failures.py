"""What fails is said: once in the log with its traceback, and where a gate was caught, how to mend that."""

import logging
import re
from collections.abc import Callable

import pytest

from plangate.worker.logs import OneLine
from producers.errors import GatePassedError
from stream_apps.resumer.config import ActionTraits
from tests.resumer.stage import Stage

Happened = Callable[[], list[str]]
CAUGHT = "node again called gate() and went on without an answer"


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """As a worker writes them."""
    found = [record for record in caplog.records if record.levelno >= logging.ERROR]
    return [OneLine("%(levelname)s %(message)s").format(record) for record in found]


async def test_a_failing_effect_is_one_error_with_thread_plan_step_and_traceback(
    stage: Stage, happened: Happened, caplog: pytest.LogCaptureFixture
) -> None:
    plan = await stage.submit("shaky", who=["ann"])
    stage.decide(plan)
    await stage.resume("FAILED")
    (said,) = errors(caplog)
    first, *traceback = said.splitlines()
    assert first == (
        f"ERROR run t1: plan {plan.plan_id}, step s1, attempt 1: ConnectionError: the mail server hung up"
    )
    assert any("send_shakily" in line for line in traceback)
    assert all(line.startswith("    ") for line in traceback)


async def test_a_failing_node_is_one_error_that_names_it(
    stage: Stage, caplog: pytest.LogCaptureFixture
) -> None:
    plan = await stage.submit("unlucky")
    stage.decide(plan)
    await stage.resume()
    (said,) = errors(caplog)
    assert f"run t1: plan {plan.plan_id}, node act, attempt 1: ConnectionError: the address book" in said
    assert "fail_then_act" in said


@pytest.mark.parametrize(
    "secret", ["hunter2\u202e", "hunter2" * 400], ids=["with a sign", "longer than a note"]
)
async def test_no_value_of_a_secret_argument_is_in_the_log_or_the_store(
    stage: Stage, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, secret: str
) -> None:
    monkeypatch.setenv("FAILURES", "1")
    stage.decide(await stage.submit("telling", who=[secret]))
    await stage.resume("FAILED", traits=lambda _: ActionTraits(secret=frozenset({"to"})))
    (said,) = errors(caplog)
    (effect,) = stage.effects()
    for text in (said, stage.run().error, effect.detail):
        assert "no mailbox" in text
        assert "•••" in text
        assert "hunter2" not in text
        assert "\u202e" not in text


@pytest.mark.parametrize("graph", ["catching", "catching_then_raising"])
async def test_a_gate_that_a_node_caught_is_said_with_the_mend(stage: Stage, graph: str) -> None:
    with pytest.raises(GatePassedError, match=re.escape(CAUGHT)):
        await stage.submit(graph)
    assert stage.run().status == "FAILED"
    assert CAUGHT in stage.run().error
    assert "except GraphBubbleUp: raise" in stage.run().error


async def test_a_later_gate_that_a_node_caught_fails_the_run(stage: Stage, happened: Happened) -> None:
    stage.decide(await stage.submit("catching_later"))
    await stage.resume("FAILED")
    assert stage.run().error.startswith(CAUGHT)
    assert happened() == ["ann", "bob"]
