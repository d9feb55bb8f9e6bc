"""A service without a store says that it is at a plan, from before the first step until the outcome."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from threading import Event
from threading import enumerate as threads
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from gate_events.words import OutcomeStatus, RequestKind, StepStatus
from gate_store.claims import Claim, Grant
from gate_store.clock import SILENT_FOR
from gate_store.engine.port import NotClearedError
from plangate import Step, effect
from producers.acting import Word
from producers.at_work import AtWork, says_every_s
from producers.outcomes import begun, outcome
from producers.store_ledger import NoLedger
from producers.work import Work
from tests.apps.world import until
from tests.producers.records import NOW, STEPS, cleared, decided

SECOND = timedelta(seconds=1)
OFTEN_S = 0.01
NEVER_S = 3600.0


class Desk:
    """What one plan's service says and does."""

    def __init__(self, word: Word | None = None, every_s: float = NEVER_S) -> None:
        self.said: list[str] = []
        self.word = word or decided(use_by=NOW + SECOND)
        self.at_work = AtWork(lambda: self.said.append("begun"), every_s)
        self.now = NOW
        self.ledger: Any = NoLedger()

    def work(self) -> Work:
        return Work(self.word, self.ledger, self.settle, self.at_work, lambda: self.now)

    def settle(self, results: Any) -> None:
        self.said.append("outcome" if results is not None else "open")

    @property
    def send(self) -> Any:
        @effect("send_email")
        def send(step: Step) -> None:
            self.said.append(step.step_id)

        return send


@pytest.fixture(autouse=True)
def nobody_speaks_on() -> Iterator[None]:
    yield
    assert [each.name for each in threads() if each.name == "plangate-begun"] == []


def test_it_says_so_once_before_the_first_step_is_done() -> None:
    desk = Desk()
    with desk.work() as work:
        for step in work.steps:
            work.once(step, desk.send)
    assert desk.said == ["begun", "s1", "s2", "outcome"]


def test_it_says_so_again_and_again_while_a_step_is_being_done() -> None:
    desk = Desk(every_s=OFTEN_S)

    @effect("send_email")
    def slow(step: Step) -> None:
        until(lambda: desk.said.count("begun") >= 4)

    with desk.work() as work:
        work.once("s1", slow)
    assert desk.said[-1] == "outcome"


def test_it_says_so_until_the_outcome_is_delivered() -> None:
    desk = Desk(every_s=OFTEN_S)

    def slow_delivery(results: Any) -> None:
        before = len(desk.said)
        until(lambda: len(desk.said) > before + 1)

    work = Work(desk.word, desk.ledger, slow_delivery, desk.at_work, lambda: NOW)
    work.once("s1", desk.send)
    work.done()


def test_a_word_that_is_not_delivered_stops_neither_the_step_nor_the_next_word() -> None:
    told: list[str] = []

    def say() -> None:
        told.append("begun")
        if len(told) == 2:
            raise ConnectionError("the broker is away")

    desk = Desk()
    desk.at_work = AtWork(say, OFTEN_S)

    @effect("send_email")
    def slow(step: Step) -> str:
        until(lambda: len(told) > 3)
        return "sent"

    with desk.work() as work:
        assert work.once("s1", slow) == "sent"


def test_nothing_is_done_where_the_gate_cannot_be_told() -> None:
    desk = Desk()

    def say() -> None:
        raise ConnectionError("the broker is away")

    desk.at_work = AtWork(say, OFTEN_S)
    with pytest.raises(ConnectionError), desk.work() as work:
        work.once("s1", desk.send)
    assert desk.said == []  # no outcome either: the plan comes again


def test_nothing_is_done_where_the_gate_was_told_too_late() -> None:
    desk = Desk()

    def say() -> None:
        desk.now = NOW + SECOND

    desk.at_work = AtWork(say, NEVER_S)
    with desk.work() as work:
        work.once("s1", desk.send)
    assert desk.said == ["open"]
    with pytest.raises(NotClearedError, match="held until"):
        desk.work().once("s1", desk.send)
    assert desk.said == ["open"]


@pytest.mark.parametrize("error", [KeyError("a bug"), KeyboardInterrupt()])
def test_whoever_leaves_the_work_says_it_no_more(error: BaseException) -> None:
    desk = Desk(every_s=OFTEN_S)

    def leave() -> None:
        with desk.work() as work:
            work.once("s1", desk.send)
            raise error

    with pytest.raises(type(error)):
        leave()
    assert "outcome" not in desk.said


def test_an_outcome_that_cannot_be_delivered_ends_it_too() -> None:
    desk = Desk(every_s=OFTEN_S)

    def settle(results: Any) -> None:
        raise ConnectionError("the broker is away")

    work = Work(desk.word, desk.ledger, settle, desk.at_work, lambda: NOW)
    work.once("s1", desk.send)
    with pytest.raises(ConnectionError):
        work.done()


def test_steps_that_are_done_side_by_side_are_begun_once() -> None:
    unordered = tuple(replace(step, after=()) for step in STEPS)
    desk = Desk(decided(use_by=NOW + SECOND, steps=unordered))
    let_go, waits = Event(), Event()

    def say() -> None:
        waits.set()
        assert let_go.wait(30)
        desk.said.append("begun")

    desk.at_work = AtWork(say, NEVER_S)
    with desk.work() as work, ThreadPoolExecutor(2) as pool:
        done = [pool.submit(work.once, step, desk.send) for step in work.steps]
        assert waits.wait(30)
        assert desk.said == []
        let_go.set()
        for each in done:
            each.result(30)
    assert (desk.said[0], sorted(desk.said[1:3]), desk.said[3]) == ("begun", ["s1", "s2"], "outcome")


def test_where_a_ledger_knows_what_was_begun_nobody_says_so() -> None:
    class Ledger(NoLedger):
        decides = True

        def claim(self, word: Word, step: Any) -> Claim:
            del word, step
            return Claim(UUID(int=1), Grant.GO)

    desk = Desk(every_s=OFTEN_S)
    desk.ledger = Ledger()
    with desk.work() as work:
        work.once("s1", desk.send)
    assert desk.said == ["s1", "outcome"]


@pytest.mark.parametrize(
    ("word", "every_s"),
    [
        (decided(use_by=NOW + 300 * SECOND), 100),
        (decided(use_by=NOW + SECOND), 1),
        (decided(use_by=NOW - SECOND), 1),
        (decided(use_by=datetime.max.replace(tzinfo=NOW.tzinfo)), SILENT_FOR.total_seconds() / 4),
        (decided(), SILENT_FOR.total_seconds() / 4),
        (cleared(), SILENT_FOR.total_seconds() / 4),
    ],
)
def test_it_says_so_three_times_in_a_use_by_and_more_often_than_the_gate_waits(
    word: Word, every_s: float
) -> None:
    assert says_every_s(word) == every_s


def test_begun_is_an_event_of_its_own_each_time_and_no_result() -> None:
    word = decided()
    first, second = (begun(word, 1, "svc", NOW) for _ in range(2))
    end = outcome(word, 1, [], "svc", NOW)
    assert len({first.event_id, second.event_id, end.event_id}) == 3
    assert (first.status, first.results, first.digest) == (OutcomeStatus.BEGUN, (), word.digest)


def test_each_attempt_has_an_outcome_of_its_own() -> None:
    word = replace(decided(), attempt=2)
    attempts = {NoLedger().attempt(word), NoLedger().attempt(cleared())}
    assert attempts == {1, 2}
    first, second, again = (outcome(word, attempt, [], "svc", NOW) for attempt in (1, 2, 2))
    assert (first.attempt, second.attempt, begun(word, 2, "svc", NOW).attempt) == (1, 2, 2)
    assert first.event_id != second.event_id == again.event_id
    assert {result.status for result in second.results} == {StepStatus.SKIPPED}
    assert word.kind is RequestKind.PLAN
