"""A service without a store holds what the topic `stops` says is stopped."""

import logging
import math
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from uuid import uuid4

import pytest
from msgspec.structs import replace

from gate_events.errors import RegistryUnavailableError
from gate_events.records import StopChanged
from gate_events.stops import Stop, began, ended, stop_of
from gate_store.database import utc_now
from gate_store.stop_file import UNREADABLE
from plangate import Step, effect, verdicts
from plangate.dev.apache_kafka import ApacheKafka
from producers import stop_topic
from producers.stop_topic import StopTopic
from tests.apps.world import until
from tests.producers.records import cleared
from tests.producers.services import Bench
from tests.producers.test_order import steps
from tests.topics import delete

done: list[str] = []


@effect("send_email")
def send(step: Step) -> str:
    done.append(step.step_id)
    return "sent"


@pytest.fixture
def bench(kafka: ApacheKafka, topic_prefix: str) -> Bench:
    return Bench(kafka, topic_prefix)


@pytest.fixture
def topic(bench: Bench) -> Iterator[StopTopic]:
    opened = StopTopic(bench.options, "mailer", bench.prefix)
    yield opened
    opened.close()


def stop(action_type: str | None = None) -> Stop:
    return Stop(stop_id=uuid4(), action_type=action_type, by="ana", note="wrong mails", at=utc_now())


def test_nothing_that_was_stopped_before_it_came_is_begun(bench: Bench, tmp_path: Path) -> None:
    done.clear()
    made, other = stop("send_email"), stop("pay")
    bench.say(began(made), began(other), cleared(steps(None)))
    inbox = verdicts(bench.options, group="mailer", topic_prefix=bench.prefix, stop_file=tmp_path / "stop")

    def serve() -> None:
        for each in inbox:
            with each:
                each.once("s1", send)

    serving = Thread(target=serve)
    with inbox:
        serving.start()
        until(lambda: inbox._postponed._waiting)
        assert done == []
        bench.say(ended(made, "bob", "mended", utc_now()))
        until(lambda: done == ["s1"])
        inbox.stop()
        serving.join()


def test_a_stop_that_ended_stays_so_in_whatever_order_it_is_heard(bench: Bench, topic: StopTopic) -> None:
    made = stop()
    bench.say(ended(made, "bob", "mended", utc_now()), began(made))
    until(lambda: topic.stops() == [] and made.stop_id in topic.known)


def test_nobody_makes_another_stop_of_one_nor_ends_it_as_another(bench: Bench, topic: StopTopic) -> None:
    """Else a stop of everything would end without an end."""
    made, last = stop(), stop("pay")
    narrower = replace(made, action_type="nothing")
    bench.say(began(made), began(narrower), ended(narrower, "bob", "", utc_now()))
    bench.say(began(last))
    until(lambda: topic.stops() and last.stop_id in topic.known)
    assert {(each.stop_id, each.action_type) for each in topic.stops()} == {
        (made.stop_id, None),
        (last.stop_id, "pay"),
    }


def test_what_came_meanwhile_is_heard_at_the_next_look(bench: Bench, topic: StopTopic) -> None:
    assert topic.stops() == []
    first, second = stop(), stop("pay")
    bench.say(began(first), began(second))
    until(lambda: {each.stop_id for each in topic.stops()} == {first.stop_id, second.stop_id})


def test_a_record_that_nobody_can_read_is_said_and_passed_over(
    bench: Bench, topic: StopTopic, caplog: pytest.LogCaptureFixture
) -> None:
    made = stop()
    bench.say_bytes("stops", b"?")
    bench.say(began(made))
    until(lambda: [each.stop_id for each in topic.stops()] == [made.stop_id])
    assert "is passed over" in caplog.text


def test_a_topic_that_is_missing_is_said_once_and_read_once_it_is_there(
    bench: Bench, topic: StopTopic, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.WARNING)
    monkeypatch.setattr(stop_topic, "_AGAIN_S", 0.1)
    delete(bench.options, bench.prefix + "stops")
    until(lambda: topic.stops() == [] and topic.is_absent)
    assert topic.stops() == []
    assert caplog.text.count("plangate topics create") == 1
    made = stop()
    bench.make_again("stops")
    bench.say(began(made))
    until(lambda: [each.stop_id for each in topic.stops()] == [made.stop_id])


def test_where_kafka_does_not_answer_everything_waits() -> None:
    away = StopTopic({"bootstrap.servers": "127.0.0.1:1"}, "mailer")
    try:
        assert [each.stop_id for each in away.stops()] == [UNREADABLE]
    finally:
        away.close()


def test_what_another_thread_hears_meanwhile_disturbs_no_look(monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps of one plan may be begun in several threads, each of which looks."""
    away = StopTopic({"bootstrap.servers": "127.0.0.1:1"}, "mailer")
    away.is_absent, away._look_at = True, math.inf
    first, second = stop(), stop()
    away.known[first.stop_id] = began(first)

    def meanwhile(changed: StopChanged) -> Stop:
        if away._lock.acquire(blocking=False):  # as a thread does that hears of the second
            away.known[second.stop_id] = began(second)
            away._lock.release()
        return stop_of(changed)

    monkeypatch.setattr(stop_topic, "stop_of", meanwhile)
    try:
        assert first in away.stops()
    finally:
        away.close()


def test_a_registry_that_does_not_answer_is_said_once_and_so_is_its_return(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    topic = StopTopic({"bootstrap.servers": "127.0.0.1:1"}, "mailer")
    topic._behind = set()

    def silent() -> bool:
        raise RegistryUnavailableError("it is down")

    try:
        for take, told in ((silent, 1), (silent, 1), (lambda: False, 2), (lambda: False, 2)):
            monkeypatch.setattr(topic, "_take", take)
            topic.look()
            assert len([each for each in caplog.messages if "read on" in each]) == told
    finally:
        topic.close()
