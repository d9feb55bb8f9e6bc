"""What was found, in a word, and what mends it."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from plangate.cli.failures import line_for

NOT_ALLOWED = "42501"  # SQLSTATE


class State(StrEnum):
    """In a word. The gravest of all is the exit code: ok 0, wrong 1, worth a look 2."""

    OK = "ok"
    LOOK = "look"
    WRONG = "wrong"


EXIT_CODE = {State.OK: 0, State.WRONG: 1, State.LOOK: 2}


@dataclass(frozen=True)
class Found:
    """What a look found; `mend` says what to do about it."""

    found: str
    state: State = State.OK
    mend: str = ""


@dataclass(frozen=True)
class Finding:
    """One thing looked at."""

    what: str
    state: State
    found: str
    mend: str = ""
    not_looked_at: tuple[str, ...] = ()  # what needs this, where it is wrong


Look = Callable[[], Found | str]
"""Looks at one thing. A text is what was found where nothing is wrong; what is raised is wrong."""


class Question(NamedTuple):
    """What to look at, and how. Where what it `needs` is wrong, it is not looked at."""

    what: str
    look: Look
    needs: str = ""


KAFKA, STORE = "Kafka and topics", "store"


def look(found: str, mend: str) -> Found:
    """Nothing is wrong, and yet it is worth a look."""
    return Found(found, State.LOOK, mend)


def wrong(found: str, mend: str) -> Found:
    """Something is wrong."""
    return Found(found, State.WRONG, mend)


def looked(what: str, look_at_it: Look) -> Finding:
    """One thing looked at, whatever comes of it: a doctor reports what she finds."""
    try:
        found = look_at_it()
    except Exception as error:
        if getattr(getattr(error, "orig", None), "sqlstate", None) == NOT_ALLOWED:
            return Finding(what, State.LOOK, "not for this login to see", "look as `auditor`")
        line = line_for(error) or f"{type(error).__name__}: {error}"
        problem, _, mend = line.rpartition("; ")  # as every expected failure is worded
        return Finding(what, State.WRONG, problem or mend, mend if problem else "")
    if isinstance(found, str):
        return Finding(what, State.OK, found)
    return Finding(what, found.state, found.found, found.mend)


def gravest(findings: Iterable[Finding]) -> State:
    """The state of the whole."""
    states = {each.state for each in findings}
    return next((each for each in (State.WRONG, State.LOOK) if each in states), State.OK)
