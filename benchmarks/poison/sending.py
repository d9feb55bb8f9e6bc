"""Sends it: a producer for each codec, and one that begins transactions."""

from collections import Counter
from collections.abc import Iterable
from typing import Any
from uuid import uuid4

from confluent_kafka import Producer

from benchmarks.poison.kinds import Sending, Transaction
from plangate.settings import Settings
from plangate.torture.poison import CODECS
from producers.kafka_producer import DEFAULTS

HEADER = "poison"  # the kind, so that a dead letter tells what it was
LARGEST = 60_000_000  # bytes that these producers send; the broker judges
PATIENCE_S = 60
TOGETHER = 500  # records that wait for their reports


class Sent:
    """What became of each kind at the broker."""

    def __init__(self) -> None:
        self.taken: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.aborted: Counter[str] = Counter()


class Sender:
    """Delivers to the topics of some settings; `sent` counts."""

    def __init__(self, settings: Settings) -> None:
        self.sent = Sent()
        self._settings = settings
        options: dict[str, Any] = {**DEFAULTS, **settings.kafka_options, "message.max.bytes": LARGEST}
        self._by_codec = {
            codec: Producer({**options, "compression.type": codec}) for codec in ("none", *CODECS)
        }
        self._transactional = Producer({**options, "transactional.id": f"poison-{uuid4()}"})
        self._transactional.init_transactions(PATIENCE_S)

    def send_all(self, all_: Iterable[Sending | Transaction]) -> None:
        """Return when the brokers have answered for each."""
        for number, each in enumerate(all_):
            if isinstance(each, Transaction):
                self._send_together(each)
            else:
                self._send(each)
            if number % TOGETHER == 0:
                self._flush()
        self._flush()

    def _send(self, each: Sending) -> None:
        producer = self._by_codec[each.codec]
        if each.alone:
            producer.flush(PATIENCE_S)
        self._produce(producer, each)
        producer.flush(PATIENCE_S) if each.alone else producer.poll(0)

    def _send_together(self, transaction: Transaction) -> None:
        producer = self._transactional
        producer.begin_transaction()
        for each in transaction.sendings:
            self._produce(producer, each)
        producer.flush(PATIENCE_S)
        if transaction.is_committed:
            producer.commit_transaction(PATIENCE_S)
            return
        producer.abort_transaction(PATIENCE_S)
        self.sent.aborted.update(each.kind for each in transaction.sendings)

    def _produce(self, producer: Producer, each: Sending) -> None:
        def report(error: Any, _message: Any) -> None:
            (self.sent.refused if error else self.sent.taken)[each.kind] += 1

        topic = self._settings.topic(each.topic)
        headers: list[tuple[str, str | bytes | None]] = [(HEADER, each.kind.encode())]
        producer.produce(topic, each.value, each.key, headers=headers, on_delivery=report)

    def _flush(self) -> None:
        for producer in self._by_codec.values():
            producer.flush(PATIENCE_S)
