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
    # On a busy machine one may take long; with librdkafka's own delay of 3 s none would be quicker.
    assert any(_first_assignment_s(mock_kafka, topic, f"{topic}-{number}") < 2.5 for number in range(10))


def _first_assignment_s(mock_kafka: MockKafka, topic: str, group: str) -> float:
    consumer = Consumer({"bootstrap.servers": mock_kafka.bootstrap_servers, "group.id": group})
    consumer.subscribe([topic])
    started = time.monotonic()
    while not consumer.assignment():
        assert time.monotonic() - started < 60, "no partition was assigned"
        consumer.poll(0.05)
    took = time.monotonic() - started
    assert len(consumer.assignment()) == 4
    consumer.close()
    return took
