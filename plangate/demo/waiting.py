"""Waits for conditions, with a deadline that says what did not come."""

from collections.abc import Callable
from typing import TypeVar

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_exponential

T = TypeVar("T")

_FIRST_LOOK_S, _LONGEST_LOOK_S = 0.05, 0.3


class DemoError(RuntimeError):
    """The demo waited {seconds} s for {what}; the workers' log says why: {log}."""


def wait_for(what: str, look: Callable[[], T], log: object, seconds: float = 60) -> T:
    """What `look` returns once it is true. Raises DemoError."""
    try:
        return Retrying(
            stop=stop_after_delay(seconds),
            wait=wait_exponential(multiplier=_FIRST_LOOK_S, max=_LONGEST_LOOK_S),
            retry=retry_if_result(lambda seen: not seen),
        )(look)
    except RetryError as error:
        raise DemoError(
            f"the demo waited {seconds:.0f} s for {what}; the workers' log says why: {log}"
        ) from error
