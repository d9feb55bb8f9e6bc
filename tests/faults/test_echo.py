"""What a world that delivers at least once says again."""

from types import SimpleNamespace
from typing import Any, cast

import msgspec
from confluent_kafka import Message

from gate_events.codec import encode
from gate_events.ids import derived
from gate_events.topics import TOPIC_OF
from plangate.torture.echo import Echo
from producers.kafka_producer import KafkaProducer
from tests.faults.test_judge import DECISION, outcome


class Sent:
    """A producer that keeps what it is given."""

    def __init__(self) -> None:
        self.values: set[bytes] = set()

    def send_bytes(self, _topic: str, _key: Any, value: bytes, _headers: Any) -> None:
        self.values.add(value)


def repeated(records: list[Any], lies: set[bytes]) -> set[bytes]:
    sent = Sent()
    echo = Echo(1, cast(KafkaProducer, sent), lies.__contains__)
    for record in records:
        value = encode(record)
        message = SimpleNamespace(value=lambda value=value: value, key=lambda: b"k", headers=list)
        echo.hear(TOPIC_OF[type(record)].name, record, cast(Message, message))
    echo.speak()
    return sent.values


def test_lies_are_repeated_but_for_outcomes_that_anybody_may_know_later() -> None:
    many = range(1_000)
    decisions = [msgspec.structs.replace(DECISION, event_id=derived("d", number)) for number in many]
    outcomes = [msgspec.structs.replace(outcome(), event_id=derived("o", number)) for number in many]
    lies = {encode(each) for each in decisions + outcomes}
    assert repeated(decisions, lies) == repeated(decisions, set()) != set()
    assert repeated(outcomes, lies) == set() != repeated(outcomes, set())
