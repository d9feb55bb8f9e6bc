"""The mark of a function that does what an action type says."""

from collections.abc import Callable
from typing import Any, TypeVar

from gate_store.declared_effects import declare

F = TypeVar("F", bound=Callable[..., Any])


def effect(*actions: str) -> Callable[[F], F]:
    """Declare a function for action types: `@effect("send_email")`. Several marks add up.

    `effects().once` and `work.once` call no other function for a step of that type. The mark stays with
    methods, with `functools.partial`, and with what `functools.wraps` makes; an object with `__call__` may
    carry it, by its class or by itself. Raises TypeError naming what is no action type, or takes no mark.
    """
    for action in actions:
        if not isinstance(action, str) or not action:
            raise TypeError(f'effect({action!r}): name the action type, as in @effect("send_email")')
    if not actions:
        raise TypeError('effect() without an action type: name it, as in @effect("send_email")')

    def mark(function: F) -> F:
        declare(function, actions)
        return function

    return mark
