"""librdkafka's mock cluster as a development service."""

import time

from confluent_kafka import Consumer, Producer

from plangate.dev.mock_kafka import MockKafka


def test_a_record_goes_through_from_another_client(mock_kafka: MockKafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}plans"
    mock_kafka.create_topics(topic)
    client = {"bootstrap.servers": mock_kafka.bootstrap_servers}
    producer = Producer(client)
    producer.produce(topic, b"hello")
    assert producer.flush(10) == 0
    consumer = Consumer({**client, "group.id": topic, "auto.offset.reset": "earliest"})
    consumer.subscribe([topic])
    message = consumer.poll(20)
    consumer.close()
    assert message is not None
    assert message.value() == b"hello"


def test_it_listens_on_the_loopback_address(mock_kafka: MockKafka) -> None:
    assert mock_kafka.bootstrap_servers.startswith("127.0.0.1:")


def test_a_group_does_not_wait_for_members_that_may_never_come(
    mock_kafka: MockKafka, topic_prefix: str
) -> None:
    topic = f"{topic_prefix}plans"
    mock_kafka.create_topics(topic)
    mock_kafka.create_topics(topic)  # again is harmless
    consumer = Consumer({"bootstrap.servers": mock_kafka.bootstrap_servers, "group.id": topic})
    consumer.subscribe([topic])
    started = time.monotonic()
    while not consumer.assignment() and time.monotonic() - started < 20:
        consumer.poll(0.05)
    took = time.monotonic() - started
    assigned = len(consumer.assignment())
    consumer.close()
    assert assigned == 4
    assert took < 2.5  # librdkafka's own delay is 3 s
