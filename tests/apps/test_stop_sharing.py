"""What is stopped in the store stands on Kafka, and what is said there is in the store."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar, cast
from uuid import UUID, uuid4

import pytest
from confluent_kafka import KafkaException
from msgspec.structs import replace
from sqlalchemy import Engine

from gate_events.codec import decode, encode
from gate_events.records import StopChanged
from gate_events.stops import Stop, began, ended
from gate_events.topics import key_of
from gate_store.database import open_store, utc_now
from gate_store.stops import all_stops, begin_stop, end_stop, in_force
from plangate.dev.apache_kafka import ApacheKafka
from plangate.kafka.registry import ContractRefusedError
from plangate.settings import Settings
from plangate.worker import stop_sharing
from plangate.worker.stop_sharing import StopSharing
from producers import stop_topic
from producers.checked import checked
from producers.kafka_producer import KafkaProducer
from tests.apps.world import until
from tests.producers.services import Bench
from tests.stores import migrated
from tests.topics import delete


@pytest.fixture
def bench(kafka: ApacheKafka, topic_prefix: str) -> Bench:
    return Bench(kafka, topic_prefix)


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Engine]:
    migrated(sqlite_url)
    opened = open_store(sqlite_url)
    yield opened
    opened.dispose()


@pytest.fixture
def sharing(bench: Bench, store: Engine) -> Iterator[StopSharing]:
    settings = Settings(kafka=bench.options, topic_prefix=bench.prefix)
    opened = StopSharing.of(settings, store)
    yield opened
    opened.close()


def stop(by: str = "ana") -> Stop:
    return Stop(stop_id=uuid4(), by=by, note="wrong mails", at=utc_now())


def said(bench: Bench) -> list[StopChanged]:
    return [decode(message.value(), StopChanged) for message in bench.read("stops")]


def held(store: Engine) -> list[Stop]:
    with store.begin() as conn:
        return in_force(conn)


def look_until(sharing: StopSharing, happens: Callable[[], bool]) -> None:
    def looked() -> bool:
        sharing.look()
        return happens()

    until(looked)


def test_a_stop_in_the_store_and_its_end_are_said_once(
    bench: Bench, store: Engine, sharing: StopSharing
) -> None:
    made = stop()
    with store.begin() as conn:
        begin_stop(conn, made)
    for _ in range(3):
        sharing.look()
    with store.begin() as conn:
        end_stop(conn, made, "bob", "mended", utc_now())
        rows = all_stops(conn)
    for _ in range(3):
        sharing.look()
    assert said(bench) == [began(made), rows[made.stop_id]]


def test_a_gatekeeper_that_comes_later_says_nothing_again(
    bench: Bench, store: Engine, sharing: StopSharing
) -> None:
    made = stop()
    with store.begin() as conn:
        begin_stop(conn, made)
    sharing.look()
    other = StopSharing.of(Settings(kafka=bench.options, topic_prefix=bench.prefix), store)
    try:
        other.look()
    finally:
        other.close()
    assert said(bench) == [began(made)]


def test_a_stop_and_its_end_that_were_said_on_kafka_alone_are_in_the_store(
    bench: Bench, store: Engine, sharing: StopSharing
) -> None:
    made = stop()
    bench.say(began(made))
    look_until(sharing, lambda: held(store) == [made])
    bench.say(ended(made, "bob", "mended", utc_now()))
    look_until(sharing, lambda: held(store) == [])
    with store.begin() as conn:
        assert all_stops(conn)[made.stop_id].ended_by == "bob"


def test_an_end_that_does_not_count_is_said_in_the_log_once(
    bench: Bench, store: Engine, sharing: StopSharing, caplog: pytest.LogCaptureFixture
) -> None:
    made = stop()
    with store.begin() as conn:
        begin_stop(conn, made)
    bench.say(ended(made, "b\u202eob", "", utc_now()))
    look_until(sharing, lambda: "does not count" in caplog.text)
    sharing.look()
    assert caplog.text.count("does not count") == 1
    assert held(store) == [made]


def test_without_the_topic_it_goes_on_and_says_all_once_it_is_there(
    bench: Bench, store: Engine, sharing: StopSharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_topic, "_AGAIN_S", 0.1)
    monkeypatch.setattr(stop_sharing, "_AGAIN_S", 0.1)
    delete(bench.options, f"{bench.prefix}stops")
    made = stop()
    with store.begin() as conn:
        begin_stop(conn, made)
    sharing.look()
    assert held(store) == [made]
    bench.make_again("stops")
    look_until(sharing, lambda: made.stop_id in sharing._topic.known)
    assert said(bench) == [began(made)]


class Topic:
    """One that is read to its end, and has nothing."""

    is_whole = True
    known: ClassVar[dict[UUID, StopChanged]] = {}
    kept: ClassVar[dict[bytes, StopChanged]] = {}

    def look(self) -> None:
        """Nothing comes."""


class Saying:
    """A producer that the schema registry lets write nothing, or that delivers all that can be a record."""

    def __init__(self, *, refused: bool) -> None:
        self.refused = refused
        self.said: list[UUID] = []

    def send(self, record: StopChanged) -> None:
        """As the real one."""
        checked(record)
        if self.refused:
            raise ContractRefusedError("StopChanged", "stops-value", "no right")
        self.said.append(record.stop_id)


@pytest.mark.parametrize("refused", [False, True])
def test_what_cannot_be_said_ends_no_gatekeeper_and_keeps_no_other_stop(
    store: Engine, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, refused: bool
) -> None:
    """Whoever writes the table may leave a name there that no record holds."""
    monkeypatch.setattr(stop_sharing, "_AGAIN_S", 0.0)
    nameless, made = stop(by=""), stop()
    with store.begin() as conn:
        begin_stop(conn, nameless)
        begin_stop(conn, made)
    saying = Saying(refused=refused)
    sharing: Any = StopSharing(store, cast(Any, Topic()), cast(Any, saying))
    for _ in range(3):
        sharing.look()
    assert set(saying.said) == (set() if refused else {made.stop_id})
    assert caplog.text.count("cannot be said on its topic") == 1
    assert caplog.text.count("is not on its topic yet") == refused


@pytest.mark.parametrize("by", ["", "a\nb", "a" * 300], ids=["nobody", "two lines", "too long"])
def test_a_stop_that_no_topic_takes_is_said_in_the_log_once_and_holds_up_no_other(
    bench: Bench, store: Engine, sharing: StopSharing, caplog: pytest.LogCaptureFixture, by: str
) -> None:
    """Whoever may write rows of stops would end every gatekeeper by one."""
    bad, good = stop(by), stop()
    with store.begin() as conn:
        begin_stop(conn, bad)
        begin_stop(conn, good)
    for _ in range(2):
        sharing.look()
    assert said(bench) == [began(good)]
    assert caplog.text.count(f"stop {bad.stop_id} cannot be said on its topic") == 1


@pytest.mark.parametrize("lie", ["a tombstone", "noise", "another stop", "another action type"])
def test_what_stands_in_the_place_of_a_stop_on_its_topic_is_answered_by_saying_it_again(
    bench: Bench, store: Engine, sharing: StopSharing, monkeypatch: pytest.MonkeyPatch, lie: str
) -> None:
    """Compaction leaves the last record of a key, and who reads the topic later reads that alone."""
    monkeypatch.setattr(stop_sharing, "_AGAIN_S", 0.1)
    made = stop()
    with store.begin() as conn:
        begin_stop(conn, made)
    look_until(sharing, lambda: made.stop_id in sharing._topic.known)
    values = {
        "a tombstone": None,
        "noise": b"?",
        "another stop": encode(began(stop())),
        "another action type": encode(began(replace(made, action_type="nothing"))),
    }
    with KafkaProducer(bench.options, topic_prefix=bench.prefix) as producer:
        producer.send_bytes("stops", key_of(began(made)), values[lie], [("origin", b"test")])
    look_until(sharing, lambda: last_at(bench, made) == began(made))
    assert made in held(store)


def test_a_topic_that_was_made_anew_has_all_stops_again(
    bench: Bench, store: Engine, sharing: StopSharing, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stop_topic, "_AGAIN_S", 0.1)
    monkeypatch.setattr(stop_sharing, "_AGAIN_S", 0.1)
    monkeypatch.setattr(sharing._topic._ids, "_every_s", 0.1)
    made = stop()
    with store.begin() as conn:
        begin_stop(conn, made)
    look_until(sharing, lambda: made.stop_id in sharing._topic.known)
    bench.make_anew("stops")
    look_until(sharing, lambda: last_at(bench, made) == began(made))


def last_at(bench: Bench, made: Stop) -> StopChanged | None:
    """What compaction leaves of a stop."""
    try:
        records = bench.read("stops")
    except KafkaException:  # a topic that was made anew has no leader at first
        return None
    of_it = [each for each in records if each.key() == key_of(began(made))]
    value = of_it[-1].value() if of_it else None
    return decode(value, StopChanged) if isinstance(value, bytes) and value != b"?" else None
