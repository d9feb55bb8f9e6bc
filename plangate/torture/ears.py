"""Hears topics from their first record on, and lets reviewers and echoes speak in between."""

import logging
import threading
from collections.abc import Sequence
from typing import Any, Protocol

from confluent_kafka import Consumer, Message, TopicPartition

from gate_events.codec import SchemaOfId, decode
from gate_events.errors import UndecodableError
from gate_events.topics import DEAD_LETTERS, TOPICS
from plangate.settings import Settings

log = logging.getLogger("plangate.torture")

RECORDS = {topic.name: topic.record for topic in TOPICS}


class Listener(Protocol):
    """Somebody who hears records and may say something."""

    def hear(self, topic: str, record: Any, message: Message) -> None:
        """A record was read; `topic` is without the prefix. `record` is None where it can be none."""

    def speak(self) -> None:
        """Say what is due. Raises where it could not be said; it is asked again."""


class Ears:
    """A thread that reads `topics` until `close`."""

    def __init__(
        self,
        settings: Settings,
        topics: Sequence[str],
        listeners: Sequence[Listener],
        schema_of_id: SchemaOfId | None = None,
    ) -> None:
        self._settings = settings
        self._names = {settings.topic(topic): topic for topic in topics}
        self._listeners = listeners
        self._schema_of_id = schema_of_id
        self.heard: dict[tuple[str, int], int] = {}  # the last offset of each partition, by full names
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="torture-ears", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Stop listening."""
        self._over.set()
        self._thread.join(30)

    def _run(self) -> None:
        consumer = Consumer(
            {
                **self._settings.kafka_options,
                "group.id": f"{self._settings.topic_prefix}plangate-torture",
                "enable.auto.commit": False,
                "auto.offset.reset": "earliest",
                "error_cb": lambda _error: None,
                "log_level": 2,
            }
        )
        consumer.assign(self._partitions(consumer))
        while not self._over.is_set():
            for message in consumer.consume(200, 0.05):
                if not message.error():
                    self._heard(message)
            for listener in self._listeners:
                try:
                    listener.speak()
                except Exception as error:  # an outage: it says it again
                    log.info("to be said again: %s", error)
        consumer.close()

    def _partitions(self, consumer: Consumer) -> list[TopicPartition]:
        return [
            TopicPartition(name, number, 0)
            for name in self._names
            for number in consumer.list_topics(name, timeout=15).topics[name].partitions
        ]

    def _heard(self, message: Message) -> None:
        topic = self._names[message.topic() or ""]
        self.heard[message.topic() or "", message.partition() or 0] = message.offset() or 0
        record = self._decoded(topic, message)
        for listener in self._listeners:
            listener.hear(topic, record, message)

    def _decoded(self, topic: str, message: Message) -> Any:
        if topic == DEAD_LETTERS.name:
            return None  # its bytes are those of another topic
        try:
            return decode(message.value(), RECORDS[topic], self._schema_of_id)
        except UndecodableError as error:  # somebody lied too clumsily
            log.info("on %s: %s", topic, error)
            return None
