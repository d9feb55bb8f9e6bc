"""The demo looks often at first, and seldom where it takes long: what it waits for pays for each look."""

import time

import pytest

from plangate.demo.waiting import DemoError, wait_for


def test_looks_become_seldom_and_never_too_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    pauses: list[float] = []
    monkeypatch.setattr(time, "sleep", pauses.append)
    answers = iter([0, 0, 0, 0, 0, 7])
    assert wait_for("it", lambda: next(answers), "log") == 7
    assert pauses == [0.05, 0.1, 0.2, 0.3, 0.3]


def test_what_never_comes_is_named_with_the_log() -> None:
    with pytest.raises(DemoError, match=r"waited 0 s for the mail; the workers' log says why: worker\.log"):
        wait_for("the mail", lambda: None, "worker.log", 0)
