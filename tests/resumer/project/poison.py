"""Graphs that do harm after their gate; `how` says which."""

import ctypes
import os
import sys
import time
from typing import Any, NoReturn, TypedDict

from graph import act, ask, chain  # type: ignore[import-not-found] # found in the project, not from here


class Poisoned(TypedDict, total=False):
    who: list[str]
    how: str
    verdict: dict[str, Any]
    sent: list[Any]


def raises() -> NoReturn:
    raise ValueError("no such customer")


def hangs() -> None:
    time.sleep(3600)


def loops_in_c() -> None:
    sum(range(10**15))


def exits() -> None:
    os._exit(3)


def calls_sys_exit() -> None:
    sys.exit(4)


def crashes() -> None:
    ctypes.string_at(0)


def eats() -> None:
    eaten = []
    while True:
        eaten.append(b"x" * 2**26)
        time.sleep(0.01)


DEEDS = {deed.__name__: deed for deed in (raises, hangs, loops_in_c, exits, calls_sys_exit, crashes, eats)}


def harm(state: Poisoned) -> Poisoned:
    DEEDS[state["how"]]()
    return {}


async def harm_on_loop(state: Poisoned) -> Poisoned:
    return harm(state)


plain = chain(Poisoned, ask=ask, harm=harm, act=act).compile()
on_loop = chain(Poisoned, ask=ask, harm=harm_on_loop, act=act).compile()
