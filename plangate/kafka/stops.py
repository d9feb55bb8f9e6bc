"""What is stopped, as the topic `stops` has it: read whole, and added to."""

from collections.abc import Iterable
from uuid import UUID

from gate_events.codec import decode
from gate_events.errors import UndecodableError
from gate_events.records import StopChanged
from gate_events.stops import Stop, newer, stop_of
from gate_events.topics import STOPS
from plangate.kafka import topics
from plangate.kafka.clients import cluster
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from plangate.wiring import open_producer, schema_ids


def stopped_on_kafka(settings: Settings) -> list[Stop]:
    """The stops that nobody has ended. What no version here can read is passed over.

    Raises NoTopicError, KafkaException, RegistryUnavailableError, and why no broker answers.
    """
    _look(settings)
    ids = schema_ids(settings)
    known: dict[UUID, StopChanged] = {}
    for message in read_all(settings, settings.topic(STOPS.name)):
        try:
            heard = decode(message.value(), StopChanged, ids.schema_of if ids else None)
        except UndecodableError:
            continue
        known[heard.stop_id] = newer(known.get(heard.stop_id), heard)
    return [stop_of(each) for each in known.values() if each.ended_at is None]


def say_stops(settings: Settings, changed: Iterable[StopChanged]) -> None:
    """Say that stops began or ended. Raises NotDeliveredError, and what `stopped_on_kafka` raises."""
    _look(settings)
    with open_producer(settings, "plangate-cli") as producer:
        producer.send_all(changed)


def _look(settings: Settings) -> None:
    """Whoever stops everything does not wait for brokers that are down, nor for a topic that is missing."""
    cluster(settings, patiently=False)
    topics.require(settings, STOPS)
