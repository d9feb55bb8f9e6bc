"""The laboratory ends when router and gatekeeper have read all that stands on their topics."""

import pytest
from confluent_kafka import Consumer, TopicPartition

from plangate.dev.apache_kafka import ApacheKafka
from plangate.dev.stack import environment
from plangate.settings import load_settings
from plangate.torture.unread import Unread


@pytest.mark.kafka
def test_what_a_group_has_not_committed_is_still_to_be_read(kafka: ApacheKafka, topic_prefix: str) -> None:
    plans, decisions = f"{topic_prefix}plans", f"{topic_prefix}decisions"
    kafka.create_topics(plans, decisions, partitions=1)
    where = {
        "PLANGATE_KAFKA_BOOTSTRAP_SERVERS": kafka.bootstrap_servers,
        "PLANGATE_TOPIC_PREFIX": topic_prefix,
    }
    with environment(where):
        settings = load_settings()
    heard = {(plans, 0): 4, (decisions, 0): 1, (f"{topic_prefix}verdicts", 0): 9}
    unread = Unread(settings, heard)
    assert unread.count() > 0  # nobody has read anything
    for group, topic, offset, left in (("router", plans, 5, 2), ("gatekeeper", decisions, 1, 1)):
        options = {
            "bootstrap.servers": kafka.bootstrap_servers,
            "group.id": f"{topic_prefix}plangate-{group}",
        }
        consumer = Consumer(options)
        consumer.commit(offsets=[TopicPartition(topic, 0, offset)], asynchronous=False)
        consumer.close()
        assert unread.count() == left
