"""What the topics are like that Plangate makes."""

import pytest

from gate_events.topics import DECISIONS
from plangate.dev.apache_kafka import ApacheKafka
from plangate.kafka.topics import LOG_APPEND_TIME, create, dated_by
from plangate.settings import Settings


@pytest.mark.kafka
def test_the_broker_dates_decisions_and_says_so(kafka: ApacheKafka, topic_prefix: str) -> None:
    settings = Settings(kafka={"bootstrap.servers": kafka.bootstrap_servers}, topic_prefix=topic_prefix)
    assert dated_by(settings, DECISIONS) is None
    create(settings)
    assert dated_by(settings, DECISIONS) == LOG_APPEND_TIME
