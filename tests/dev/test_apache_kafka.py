"""Apache Kafka as a development service."""

from pathlib import Path

import pytest
from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.errors import DevServiceError

pytestmark = pytest.mark.kafka


def produce(broker: ApacheKafka, topic: str, value: bytes) -> None:
    producer = Producer({"bootstrap.servers": broker.bootstrap_servers, "acks": "all"})
    errors: list[object] = []
    producer.produce(topic, value, on_delivery=lambda error, _message: errors.append(error))
    producer.flush(30)
    assert errors == [None]


def first_value(broker: ApacheKafka, topic: str) -> bytes | None:
    consumer = Consumer(
        {"bootstrap.servers": broker.bootstrap_servers, "group.id": "reader", "auto.offset.reset": "earliest"}
    )
    consumer.subscribe([topic])
    message = consumer.poll(30)
    consumer.close()
    return message.value() if message else None


@pytest.mark.slow
def test_records_survive_a_restart_and_a_kill_on_the_same_port(own_kafka: ApacheKafka) -> None:
    address = own_kafka.bootstrap_servers
    own_kafka.create_topics("kept", partitions=1)
    produce(own_kafka, "kept", b"before")
    own_kafka.restart()
    own_kafka.kill()
    assert not own_kafka.is_running
    own_kafka.start()
    assert own_kafka.bootstrap_servers == address
    assert first_value(own_kafka, "kept") == b"before"


def test_creating_a_topic_twice_keeps_it(kafka: ApacheKafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}plans"
    kafka.create_topics(topic)
    kafka.create_topics(topic, partitions=1)
    metadata = AdminClient({"bootstrap.servers": kafka.bootstrap_servers}).list_topics(topic, timeout=10)
    assert len(metadata.topics[topic].partitions) == 6


def test_a_topic_that_nobody_created_does_not_appear(kafka: ApacheKafka, topic_prefix: str) -> None:
    topic = f"{topic_prefix}nobody"
    admin = AdminClient({"bootstrap.servers": kafka.bootstrap_servers})
    assert admin.list_topics(topic, timeout=10).topics[topic].error is not None
    assert topic not in admin.list_topics(timeout=10).topics


def test_without_java_the_error_is_one_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(DevServiceError) as caught:
        ApacheKafka(tmp_path / "kafka").start()
    assert str(caught.value) == (
        "Apache Kafka: java is not on the PATH; "
        "install Java 17 or later (Debian: apt install default-jre-headless)"
    )


def test_without_maven_the_error_is_one_line_that_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "java").write_text("#!/bin/sh\necho 'openjdk version \"21.0.1\"' >&2\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "empty-cache"))
    with pytest.raises(DevServiceError) as caught:
        ApacheKafka(tmp_path / "kafka").start()
    assert (
        str(caught.value) == "Apache Kafka: mvn is not on the PATH; install Maven (Debian: apt install maven)"
    )


def test_a_java_that_is_too_old_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "java").write_text("#!/bin/sh\necho 'openjdk version \"1.8.0_392\"' >&2\n")
    (tmp_path / "java").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}")
    monkeypatch.delenv("JAVA_HOME", raising=False)
    with pytest.raises(DevServiceError, match=f"{tmp_path}/java is Java 8; install Java 17 or later"):
        ApacheKafka(tmp_path / "kafka").start()
