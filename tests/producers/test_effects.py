import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from gate_events import values
from gate_store.declared_effects import Declared, UndeclaredEffectError
from gate_store.effects_context import current
from plangate import Step, effect, effects
from producers.effects import BlockingEffectError, NoResumeError

MAIL = Step("send_email", {"to": "ann"}, "s1")


class NotingLedger:
    """Notes what reaches it; the real ledger is proven by the resumer's own suite."""

    def __init__(self) -> None:
        self.steps: list[values.Step] = []

    async def once(self, step: values.Step, fn: Callable[[], Any], declared: Declared) -> Any:
        declared.check(step)
        self.steps.append(step)
        return await fn()

    def once_blocking(self, step: values.Step, fn: Callable[[], Any], declared: Declared) -> Any:
        declared.check(step)
        self.steps.append(step)
        return fn()

    def function(self, step: values.Step) -> Callable[[Any], Any]:
        if step.action_type != "named":
            raise UndeclaredEffectError(step, "langgraph.json names no function for it")
        return unmarked

    def key(self, step: values.Step) -> str:
        return f"key-{step.step_id}"

    def step(self, step_id: str) -> values.Step:
        return values.Step(step_id=step_id, action_type="approved", arguments={"n": 1})


@pytest.fixture
def ledger() -> Iterator[NotingLedger]:
    noting = NotingLedger()
    token = current.set(noting)
    yield noting
    current.reset(token)


@effect("send_email", "a")
def send(step: Step) -> str:
    return f"sent to {step.arguments.get('to')}"


def unmarked(step: Step) -> str:
    return f"did {step.step_id}"


@effect("send_email")
async def send_later(step: Step) -> str:
    return f"sent to {step.arguments.get('to')}"


def test_effects_outside_a_resume_are_refused() -> None:
    with pytest.raises(NoResumeError, match="only while Plangate resumes the run"):
        effects()


def test_a_plain_function_in_a_plain_node(ledger: NotingLedger) -> None:
    assert effects().once(MAIL, send) == "sent to ann"
    assert ledger.steps == [values.Step(step_id="s1", action_type="send_email", arguments={"to": "ann"})]


def test_steps_come_whole_as_dicts_or_by_id(ledger: NotingLedger) -> None:
    assert (
        effects().once({"step_id": "s9", "action_type": "a", "arguments": {"to": "x"}}, send) == "sent to x"
    )
    assert effects().once("s2", effect("approved")(lambda step: step)) == Step("approved", {"n": 1}, "s2")
    assert effects().key("s2") == "key-s2"
    assert effects().key(MAIL) == "key-s1"


@pytest.mark.usefixtures("ledger")
def test_an_async_function_is_awaited() -> None:
    async def node() -> str:
        token = current.set(NotingLedger())
        try:
            return await effects().once(MAIL, send_later)
        finally:
            current.reset(token)

    assert asyncio.run(node()) == "sent to ann"


async def test_an_async_callable_object_is_awaited(ledger: NotingLedger) -> None:
    @effect("send_email")
    class Sender:
        async def __call__(self, step: Step) -> str:
            return await send_later(step)

    assert await effects().once(MAIL, Sender()) == "sent to ann"


async def test_a_plain_function_in_an_async_node_says_what_to_write(ledger: NotingLedger) -> None:
    with pytest.raises(BlockingEffectError, match=r"await effects\(\)\.once\(step, async_function\)"):
        effects().once(MAIL, send)
    assert ledger.steps == []


async def test_a_plain_function_may_run_in_a_thread_of_its_own(ledger: NotingLedger) -> None:
    assert await asyncio.to_thread(effects().once, MAIL, send) == "sent to ann"


def test_the_function_that_langgraph_json_names_needs_no_mark(ledger: NotingLedger) -> None:
    assert effects().do(Step("named", {}, "s1")) == "did s1"
    with pytest.raises(UndeclaredEffectError, match="names no function"):
        effects().do(MAIL)
    assert [step.action_type for step in ledger.steps] == ["named"]
