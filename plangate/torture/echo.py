"""Sends again what it hears, late and out of order, as an at-least-once world does."""

from collections.abc import Callable
from random import Random
from typing import Any

from confluent_kafka import Message

from gate_events.records import PlanExecuted
from plangate.torture.chance import chance
from producers.kafka_producer import KafkaProducer

SHARE = 0.08
AT_ONCE = 12

Raw = tuple[str, bytes | None, bytes | None, Any]


class Echo:
    """A share of all records, each once more, but for the outcomes that liars tell.

    They say what nobody could know yet; once the plan is cleared, whoever may write `outcomes` may know it.
    """

    def __init__(self, seed: int, producer: KafkaProducer, is_lie: Callable[[bytes], bool]) -> None:
        self.repeated = 0
        self._seed = seed
        self._producer = producer
        self._is_lie = is_lie
        self._dice: Random = chance(seed, "echo order")
        self._known: set[bytes] = set()
        self._waiting: list[Raw] = []

    def hear(self, topic: str, record: Any, message: Message) -> None:
        """Keep it, by chance."""
        value = message.value() or b""
        if (
            record is None
            or value in self._known
            or chance(self._seed, "echo", record.event_id).random() > SHARE
            or (isinstance(record, PlanExecuted) and self._is_lie(value))
        ):
            return
        self._known.add(value)
        self._waiting.append((topic, message.key(), value, message.headers()))

    def speak(self) -> None:
        """Send what was kept, shuffled, once there is enough of it."""
        if len(self._waiting) < AT_ONCE:
            return
        self._dice.shuffle(self._waiting)
        while self._waiting:
            self._producer.send_bytes(*self._waiting[-1])
            self._waiting.pop()
            self.repeated += 1
