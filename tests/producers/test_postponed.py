"""What may run later waits within bounds, and is looked at again."""

from types import SimpleNamespace
from typing import Any

import pytest

from gate_store.engine.port import NotNowError, NotYetClearedError, StoppedError, UnderWayError
from producers import postponed
from producers.acting import Word
from producers.hearing import Heard
from producers.postponed import PATIENCE_S, Postponed, TooManyWaitError
from tests.producers.records import cleared, decided, revised

UNKNOWN = NotYetClearedError("s1")
UNDER_WAY = UnderWayError("s1", "revision 1 goes on")


class Waiting(Postponed):
    def __init__(self) -> None:
        self.time = 0.0
        self.passed: bool | None = None  # whether the gatekeeper has read what waits; None: nobody knows
        super().__init__(lambda _place: self.passed, lambda: self.time)

    def looks(self, *, for_s: float) -> None:
        """Look at what is due, of which the store knows nothing. Raises NotYetClearedError."""
        until = self.time + for_s
        while self.time < until:
            self.time += 0.1
            for each in self.due():
                self.put(each, UNKNOWN)


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def word(offset: int, size: int = 10, plan: Word | None = None) -> Heard:
    message: Any = SimpleNamespace(
        topic=lambda: "auto-execute", partition=lambda: 0, offset=lambda: offset, value=lambda: b"x" * size
    )
    return Heard(plan or cleared(), message)


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


def test_what_the_gatekeeper_has_not_read_is_never_given_up(waiting: Waiting) -> None:
    waiting.passed = False
    waiting.put(word(1), UNKNOWN)
    waiting.looks(for_s=10 * PATIENCE_S)
    assert not waiting.is_soon_known  # who ends when nothing comes may end


def test_what_the_gatekeeper_passed_is_given_up_after_one_more_look_at_the_store(waiting: Waiting) -> None:
    waiting.passed = False
    noted, refused = word(1), word(2)
    for each in (noted, refused):
        waiting.put(each, UNKNOWN)
    waiting.looks(for_s=10 * PATIENCE_S)
    waiting.passed = True
    for each in (noted, refused):
        waiting.put(each, UNKNOWN)  # the store was looked at before the gatekeeper had read it, perhaps
    assert waiting.next_due_s(9.0) == pytest.approx(0.2)
    waiting.drop(noted)
    with pytest.raises(NotYetClearedError):
        waiting.looks(for_s=0.3)


def test_a_later_revision_that_the_gatekeeper_passed_has_time_until_the_earlier_one_is_there(
    waiting: Waiting,
) -> None:
    waiting.passed = True
    waiting.put(word(1, plan=revised(cleared())), UNKNOWN)
    waiting.looks(for_s=PATIENCE_S - 6)
    with pytest.raises(NotYetClearedError):
        waiting.looks(for_s=12)


def test_of_a_verdict_no_reading_gatekeeper_tells_anything(waiting: Waiting) -> None:
    """It wrote that itself."""
    waiting.passed = False
    waiting.put(word(1, plan=decided()), UNKNOWN)
    waiting.looks(for_s=PATIENCE_S - 6)
    with pytest.raises(NotYetClearedError):
        waiting.looks(for_s=12)


def test_that_the_gatekeeper_is_late_is_said_once_a_minute_for_all(
    waiting: Waiting, caplog: pytest.LogCaptureFixture
) -> None:
    waiting.passed = False
    for offset in range(3):
        waiting.put(word(offset), UNKNOWN)
    waiting.looks(for_s=PATIENCE_S - 1)
    assert caplog.messages == []
    waiting.looks(for_s=3 * 60)
    assert len(caplog.messages) == 3
    assert {each.partition(" yet;")[0] for each in caplog.messages} == {
        "the gatekeeper has not taken 3 clearances"
    }


def test_a_full_list_goes_on_by_itself_once_the_gatekeeper_reads(
    waiting: Waiting, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(postponed, "MOST", 2)
    waiting.passed = False
    for offset in range(2):
        waiting.put(word(offset), UNKNOWN)
    waiting.looks(for_s=10 * PATIENCE_S)
    assert waiting.is_full
    waiting.passed = True
    for offset in range(2):
        waiting.put(word(offset), UNKNOWN)
        with pytest.raises(NotYetClearedError):
            waiting.put(word(offset), UNKNOWN)
        waiting.drop(word(offset))
    assert not waiting.is_full


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
