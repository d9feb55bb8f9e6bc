"""What may run later waits within bounds, and is looked at again."""

from types import SimpleNamespace
from typing import Any

import pytest

from gate_store.engine.port import NotNowError, NotYetClearedError, StoppedError, UnderWayError
from producers import postponed
from producers.hearing import Heard
from producers.postponed import PATIENCE_S, Postponed, TooManyWaitError
from tests.producers.records import cleared

UNKNOWN = NotYetClearedError("s1")
UNDER_WAY = UnderWayError("s1", "revision 1 goes on")


class Waiting(Postponed):
    def __init__(self) -> None:
        self.time = 0.0
        super().__init__(lambda: self.time)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def word(offset: int, size: int = 10) -> Heard:
    message: Any = SimpleNamespace(
        topic=lambda: "auto-execute", partition=lambda: 0, offset=lambda: offset, value=lambda: b"x" * size
    )
    return Heard(cleared(), message)


def test_it_is_looked_at_again_soon_and_then_seldom(waiting: Waiting) -> None:
    one = word(1)
    looks = 0
    waiting.put(one, UNDER_WAY)
    assert (waiting.due(), waiting.next_due_s(9.0)) == ([], 0.2)
    while waiting.time < 600:
        waiting.time += 0.1
        for due in waiting.due():
            looks += 1
            waiting.put(due, UNDER_WAY)
    assert 100 < looks < 150


def test_a_few_at_a_time_are_looked_at_again(waiting: Waiting) -> None:
    for offset in range(100):
        waiting.put(word(offset), UNKNOWN)
    waiting.time = 1.0
    assert 0 < len(waiting.due()) <= 10


def test_what_nothing_clears_is_given_up_in_time_and_what_waits_for_other_work_is_not(
    waiting: Waiting,
) -> None:
    unknown, behind = word(1), word(2)
    waiting.put(unknown, UNKNOWN)
    waiting.put(behind, UNDER_WAY)
    assert waiting.is_soon_known
    waiting.time = PATIENCE_S
    with pytest.raises(NotYetClearedError):
        waiting.put(unknown, UNKNOWN)
    waiting.drop(unknown)
    waiting.put(behind, UNDER_WAY)
    assert not waiting.is_soon_known


@pytest.mark.parametrize("bound", ["MOST", "MOST_BYTES"])
def test_no_word_is_taken_while_too_many_wait_to_be_known(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch, bound: str
) -> None:
    monkeypatch.setattr(postponed, bound, {"MOST": 3, "MOST_BYTES": 30}[bound])
    for offset in range(3):
        assert not waiting.is_full
        waiting.put(word(offset), UNKNOWN)
    assert waiting.is_full
    waiting.put(word(9), UNDER_WAY)
    waiting.drop(word(1))
    assert not waiting.is_full


def test_what_is_too_much_to_wait_for_other_work_is_given_up_and_says_so(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postponed, "MOST", 2)
    was_unknown = word(3)
    waiting.put(was_unknown, UNKNOWN)
    for offset in range(2):
        waiting.put(word(offset), UNDER_WAY)
    for beyond in (word(4), was_unknown):
        with pytest.raises(TooManyWaitError, match="revision 1 goes on"):
            waiting.put(beyond, UNDER_WAY)
    assert not waiting.is_full
    waiting.put(word(0), UNDER_WAY)


@pytest.mark.parametrize("why", [UNKNOWN, UNDER_WAY])
def test_what_another_member_reads_now_waits_here_no_more(waiting: Waiting, why: NotNowError) -> None:
    waiting.put(word(1), why)
    waiting.forget({("auto-execute", 1)})
    waiting.time = 1.0
    assert len(waiting.due()) == 1
    waiting.forget({("auto-execute", 0)})
    assert waiting.due() == []


def test_while_everything_is_stopped_no_new_word_is_taken(waiting: Waiting) -> None:
    waiting.put(word(1), StoppedError("s1", "", everything=True))
    assert waiting.is_full
    waiting.put(word(1), UNDER_WAY)
    assert not waiting.is_full


def test_what_is_stopped_is_never_given_up(waiting: Waiting, monkeypatch: pytest.MonkeyPatch) -> None:
    """Plans of other action types come behind it, until too many of the stopped one wait; none is buried."""
    monkeypatch.setattr(postponed, "MOST", 3)
    for offset in range(4):
        assert waiting.is_full == (offset == 3)
        waiting.put(word(offset), StoppedError("s1", ""))
    waiting.time += 10 * PATIENCE_S
    for offset in range(4):
        waiting.put(word(offset), StoppedError("s1", ""))
    waiting.put(word(9), UNDER_WAY)
    waiting.time += PATIENCE_S
    assert len(waiting.due()) == 5
