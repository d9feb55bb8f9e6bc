"""What is slow or gone is asked once at a time, and nobody waits for it for long."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from plangate.worker.endpoint.asked import Asked


def test_an_answer_is_kept_a_little() -> None:
    answers = iter(range(10))
    kept = Asked("it", lambda: next(answers), keep_s=3600)
    assert [kept.answer(), kept.answer()] == [0, 0]
    fresh = Asked("it", lambda: next(answers), keep_s=0)
    assert [fresh.answer(), fresh.answer()] == [1, 2]


def test_who_asks_meanwhile_waits_for_the_same_answer() -> None:
    begun, go_on, calls = threading.Event(), threading.Event(), []

    def ask() -> str:
        calls.append(1)
        begun.set()
        go_on.wait()
        return "yes"

    asked = Asked("it", ask, keep_s=0, within_s=60)
    with ThreadPoolExecutor(4) as pool:
        first = pool.submit(asked.answer)
        begun.wait()
        others = [pool.submit(asked.answer) for _ in range(3)]
        go_on.set()
        assert first.result() == "yes"
        assert {other.result() for other in others} == {"yes"}


def test_no_answer_in_time_is_none_said_once_and_asks_no_second_time_beside_the_first(
    caplog: pytest.LogCaptureFixture,
) -> None:
    go_on, calls = threading.Event(), []

    def ask() -> int:
        calls.append(1)
        go_on.wait()
        return len(calls)

    asked = Asked("the store", ask, keep_s=0, within_s=0.01)
    with caplog.at_level(logging.WARNING, "plangate.endpoint"):
        assert [asked.answer(), asked.answer()] == [None, None]
    assert calls == [1]
    assert caplog.messages == ["the endpoint cannot ask the store: no answer in 0.01 s"]
    go_on.set()


def test_what_is_raised_is_no_answer_and_the_next_one_may_be(caplog: pytest.LogCaptureFixture) -> None:
    answers = iter(["", "back"])

    def ask() -> str:
        answer = next(answers)
        if not answer:
            raise ConnectionError("gone")
        return answer

    asked = Asked("Kafka", ask, keep_s=0)
    assert [asked.answer(), asked.answer()] == [None, "back"]
    assert "gone" in caplog.text
