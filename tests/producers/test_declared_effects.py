"""A function carries the action types that it was declared for, and whatever stands for it does so too."""

from collections.abc import Callable
from functools import partial, wraps
from typing import Any, cast

import pytest

from gate_events import values
from gate_store.declared_effects import UndeclaredEffectError, declared
from plangate import Step, effect


@effect("send_email")
def send(step: Step) -> str:
    return f"sent {step.step_id}"


@effect("send_email")
async def send_later(step: Step) -> str:
    return f"sent {step.step_id}"


def send_for(_customer: str, step: Step) -> str:
    return send(step)


def wrapped(function: Any) -> Any:
    @wraps(function)
    def wrapper(step: Step) -> Any:
        return function(step)

    return wrapper


class Mailer:
    @effect("send_email")
    def send(self, step: Step) -> str:
        return send(step)

    @effect("send_email")
    @staticmethod
    def post(step: Step) -> str:
        return send(step)

    @classmethod
    @effect("send_email")
    def mail(cls, step: Step) -> str:
        return send(step)

    @effect("send_email")
    def __call__(self, step: Step) -> str:
        return send(step)

    def shout(self, step: Step) -> str:
        return send(step)


@effect("send_email")
class Sender:
    async def __call__(self, step: Step) -> str:
        return await send_later(step)


class Silent(Mailer):
    def send(self, step: Step) -> str:
        return f"kept {step.step_id}"


MARKED = [
    send,
    send_later,
    partial(send),
    partial(partial(send)),
    effect("send_email")(partial(send_for, "ann")),
    wrapped(send),
    wrapped(partial(send)),
    wrapped(Sender()),
    Mailer().send,
    Mailer.post,
    Mailer.mail,
    Mailer(),
    Sender(),
    effect("send_email")(effect("send_sms")(lambda step: step)),
]
UNMARKED = [
    send_for,
    partial(send_for, "ann"),
    lambda step: step,
    Mailer().shout,
    Silent().send,
    Mailer,
    Sender,
    print,
    partial(print),
]
MAIL = values.Step(step_id="s1", action_type="send_email", arguments={})
PAY = values.Step(step_id="s1", action_type="pay_refund", arguments={})


@pytest.mark.parametrize("function", MARKED)
def test_what_stands_for_a_declared_function_is_declared(function: Callable[..., Any]) -> None:
    declared(function).check(MAIL)
    with pytest.raises(UndeclaredEffectError, match=r"step s1 \(pay_refund\) was refused.*only; write @eff"):
        declared(function).check(PAY)


@pytest.mark.parametrize("function", UNMARKED)
def test_what_was_not_declared_is_refused_with_its_mend(function: Callable[..., Any]) -> None:
    with pytest.raises(UndeclaredEffectError, match=r'no action type; write @effect\("send_email"\) above'):
        declared(function).check(MAIL)


def test_the_refusal_names_the_function() -> None:
    assert declared(partial(partial(send_for, "ann"))).function == "send_for"
    assert declared(Mailer().shout).function == "Mailer.shout"
    assert declared(Mailer()).function == "a Mailer"


def test_marks_add_up() -> None:
    @effect("send_sms")
    @effect("send_email", "send_letter")
    def tell(step: Step) -> None: ...

    assert declared(tell).actions == {"send_email", "send_letter", "send_sms"}
    assert declared(effect("wire")(partial(send))).actions == {"send_email", "wire"}
    assert declared(send).actions == {"send_email"}


@pytest.mark.parametrize(
    ("marking", "clue"),
    [
        (effect, "without an action type"),
        (lambda: effect(cast(str, send)), "name the action type"),
        (lambda: effect("send_email", ""), "name the action type"),
        (lambda: effect("send_email")(print), "wrap it in a `def`"),
    ],
)
def test_a_mark_that_cannot_be_is_refused_at_once(marking: Callable[[], Any], clue: str) -> None:
    with pytest.raises(TypeError, match=clue):
        marking()
