"""For which action types a function was declared: the effect ledger calls it for those, and for no other.

The mark stays with the function itself, so there is no list that two graphs of one process could share.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from typing import Any

from gate_events.values import Step

_MARK = "__plangate_effect__"  # functools.wraps copies it, methods show it


class UndeclaredEffectError(Exception):
    """Step {step_id} ({action_type}) was refused: the function was not declared for that action type."""

    def __init__(self, step: Step, why: str) -> None:
        super().__init__(f"step {step.step_id} ({step.action_type}) was refused: {why}")
        self.step_id = step.step_id
        self.action_type = step.action_type


@dataclass(frozen=True, slots=True)
class Declared:
    """A function's name, and the action types that it was declared for."""

    function: str
    actions: frozenset[str]

    def check(self, approved: Step) -> None:
        """Raises UndeclaredEffectError where the function may not do the approved step."""
        if approved.action_type in self.actions:
            return
        mend = f'write @effect("{approved.action_type}") above the function that does it'
        if not self.actions:
            raise UndeclaredEffectError(approved, f"{self.function} was declared for no action type; {mend}")
        known = ", ".join(sorted(self.actions))
        raise UndeclaredEffectError(approved, f"{self.function} was declared for {known} only; {mend}")


def declare(function: Any, actions: Iterable[str]) -> None:
    """Mark a function or a callable object for these action types, beside those that it has.

    Raises TypeError for what takes no mark: a built-in function, or an object with slots.
    """
    marked = getattr(function, "__func__", function)  # below @staticmethod, and of a bound method
    try:
        setattr(marked, _MARK, _actions(marked) | frozenset(actions))
    except (AttributeError, TypeError) as error:
        raise TypeError(f"{_name(function)} takes no mark; wrap it in a `def` and mark that") from error


def declared(function: Callable[..., Any]) -> Declared:
    """What a function was declared for. A class has no mark, only its instances: to call it does nothing."""
    actions = frozenset[str]() if isinstance(function, type) else _actions(function)
    return Declared(_name(function), actions)


def _actions(function: Any) -> frozenset[str]:
    """Its own mark; else that of what it calls: the function of a partial or wrapper, an object's call."""
    own = getattr(function, _MARK, None)
    if isinstance(own, frozenset):
        return own
    inner = function.func if isinstance(function, partial) else getattr(function, "__wrapped__", None)
    if inner is not None:
        return _actions(inner)
    called = getattr(type(function).__call__, _MARK, None) if callable(function) else None
    return called if isinstance(called, frozenset) else frozenset()


def _name(function: Any) -> str:
    if isinstance(function, partial):
        return _name(function.func)
    name = getattr(function, "__qualname__", None)
    return name if isinstance(name, str) else f"a {type(function).__name__}"
