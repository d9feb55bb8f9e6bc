import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest
from confluent_kafka import Consumer, Message, TopicPartition

from gate_events.codec import decode
from gate_events.errors import UnencodableError
from gate_events.records import PlanProposed
from gate_events.topics import TOPICS
from plangate import KafkaProducer, Plan, Step, propose
from plangate.dev.apache_kafka import ApacheKafka
from plangate.kafka.registry import SchemaIds
from producers.delivery import NotDeliveredError
from producers.plans import proposal
from tests.producers.records import NOW

PARTITIONS = 3


@pytest.fixture
def prefix(kafka: ApacheKafka, topic_prefix: str) -> str:
    kafka.create_topics(*(topic_prefix + topic.name for topic in TOPICS), partitions=PARTITIONS)
    return topic_prefix


def options(kafka: ApacheKafka) -> dict[str, Any]:
    return {"bootstrap.servers": kafka.bootstrap_servers}


def plan(plan_id: UUID | None = None, arguments: dict[str, Any] | None = None) -> PlanProposed:
    return proposal(Plan([Step("a", arguments or {})], agent="billing"), plan_id or uuid4(), 1, lambda: NOW)


def read(kafka: ApacheKafka, topic: str, count: int) -> list[Message]:
    consumer = Consumer({**options(kafka), "group.id": "reads"})
    consumer.assign([TopicPartition(topic, number, 0) for number in range(PARTITIONS)])
    try:
        found: list[Message] = []
        while len(found) < count:
            message = consumer.poll(60)
            assert message is not None, f"only {len(found)} of {count} records came"
            assert message.error() is None
            found.append(message)
        assert consumer.poll(0.5) is None
        return found
    finally:
        consumer.close()


def test_a_sent_record_is_on_its_topic_with_key_and_headers(kafka: ApacheKafka, prefix: str) -> None:
    with KafkaProducer(options(kafka), source="billing", topic_prefix=prefix) as producer:
        said = propose(producer, Plan([Step("a", {"n": 1})], "why", "billing"))
    (message,) = read(kafka, f"{prefix}plans", 1)
    value = message.value()
    assert isinstance(value, bytes)
    assert decode(value, PlanProposed) == said
    assert value[:2] == b"\xc3\x01"
    assert message.key() == str(said.plan_id).encode()
    headers = dict(message.headers() or [])
    assert headers["ce_id"] == str(said.event_id).encode()
    assert headers["ce_source"] == b"billing"
    assert headers["traceparent"]


def test_plans_lie_where_javas_own_clients_would_put_them(kafka: ApacheKafka, prefix: str) -> None:
    plans = [plan(UUID(int=number)) for number in range(12)]
    with KafkaProducer(options(kafka), topic_prefix=prefix) as producer:
        producer.send_all(plans)
    for message in read(kafka, f"{prefix}plans", 12):
        key = message.key()
        assert isinstance(key, bytes)
        assert message.partition() == (murmur2(key) & 0x7FFFFFFF) % PARTITIONS


def test_many_records_of_one_plan_keep_their_order(kafka: ApacheKafka, prefix: str) -> None:
    plan_id = uuid4()
    plans = [plan(plan_id, {"n": number}) for number in range(500)]
    with KafkaProducer(options(kafka), topic_prefix=prefix) as producer:
        producer.send_all(plans)
    values = [message.value() for message in read(kafka, f"{prefix}plans", 500)]
    assert [decode(value, PlanProposed) for value in values if isinstance(value, bytes)] == plans


async def test_asyncio_sends_many_at_once(kafka: ApacheKafka, prefix: str) -> None:
    with KafkaProducer(options(kafka), topic_prefix=prefix) as producer:
        await asyncio.gather(*(producer.asend(plan()) for _ in range(50)))
    assert len(read(kafka, f"{prefix}plans", 50)) == 50


def test_with_a_registry_records_are_in_confluents_framing(
    kafka: ApacheKafka, registry: Any, prefix: str
) -> None:
    ids = SchemaIds({"url": registry.url})
    said = plan()
    with KafkaProducer(options(kafka), topic_prefix=prefix, schema_id_of=ids.id_for) as producer:
        producer.send(said)
    (message,) = read(kafka, f"{prefix}plans", 1)
    value = message.value()
    assert isinstance(value, bytes)
    assert value[0] == 0
    assert decode(value, PlanProposed, ids.schema_of) == said


def test_a_record_too_large_is_named_with_the_mend(kafka: ApacheKafka, prefix: str) -> None:
    huge = plan(arguments={"text": "x" * 2_000_000})
    with KafkaProducer(options(kafka), topic_prefix=prefix) as producer:
        with pytest.raises(NotDeliveredError, match=r"raise message\.max\.bytes here and") as caught:
            producer.send(huge)
        assert f"PlanProposed {huge.event_id} was not delivered to {prefix}plans" in str(caught.value)
        with (
            KafkaProducer({**options(kafka), "message.max.bytes": 8_000_000}, topic_prefix=prefix) as patient,
            pytest.raises(NotDeliveredError, match=r"max\.message\.bytes on the topic"),
        ):
            patient.send(huge)
        producer.send(plan())  # it goes on


def test_a_missing_topic_and_a_missing_broker_are_told_apart(kafka: ApacheKafka) -> None:
    impatient = {"message.timeout.ms": 1500, "topic.metadata.propagation.max.ms": 500}
    with (
        KafkaProducer({**options(kafka), **impatient}, topic_prefix="nowhere-") as producer,
        pytest.raises(NotDeliveredError, match="plangate topics create"),
    ):
        producer.send(plan())
    with (
        KafkaProducer({"bootstrap.servers": "127.0.0.1:1", **impatient}) as producer,
        pytest.raises(NotDeliveredError, match=r"check bootstrap\.servers and that the broker runs"),
    ):
        producer.send(plan())


def test_an_invalid_record_reaches_no_topic(kafka: ApacheKafka, prefix: str) -> None:
    with KafkaProducer(options(kafka), topic_prefix=prefix) as producer:
        with pytest.raises(UnencodableError, match=r"at `\$\.revision`"):
            producer.send(PlanProposed(**{**_fields(plan()), "revision": 0}))
        good = plan()
        producer.send(good)
    (message,) = read(kafka, f"{prefix}plans", 1)
    assert message.key() == str(good.plan_id).encode()


def test_no_option_shows_in_a_repr() -> None:
    with KafkaProducer({"bootstrap.servers": "127.0.0.1:1", "sasl.password": "hunter2"}) as producer:
        assert repr(producer) == "KafkaProducer(127.0.0.1:1)"


def test_a_closed_producer_says_so() -> None:
    producer = KafkaProducer({"bootstrap.servers": "127.0.0.1:1"})
    producer.close()
    with pytest.raises(RuntimeError, match=r"KafkaProducer\(127.0.0.1:1\) is closed"):
        producer.send(plan())


def _fields(record: PlanProposed) -> dict[str, Any]:
    return {name: getattr(record, name) for name in PlanProposed.__struct_fields__}


def murmur2(data: bytes) -> int:
    """Kafka's own, from org.apache.kafka.common.utils.Utils."""
    mask, m, h = 0xFFFFFFFF, 0x5BD1E995, 0x9747B28C ^ len(data)
    whole = len(data) // 4 * 4
    for at in range(0, whole, 4):
        k = int.from_bytes(data[at : at + 4], "little") * m & mask
        h = (h * m & mask) ^ ((k ^ k >> 24) * m & mask)
    if rest := data[whole:]:
        h = (h ^ int.from_bytes(rest, "little")) * m & mask
    h = (h ^ h >> 13) * m & mask
    return h ^ h >> 15
