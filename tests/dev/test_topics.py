"""What the topics are like that Plangate makes."""

import pytest

from gate_events.topics import DECISIONS, TOPICS
from plangate.dev.apache_kafka import ApacheKafka
from plangate.kafka import topics
from plangate.kafka.topics import LOG_APPEND_TIME, create, dated_by, describe
from plangate.settings import Settings


@pytest.mark.kafka
def test_the_broker_dates_decisions_and_says_so(kafka: ApacheKafka, topic_prefix: str) -> None:
    settings = Settings(kafka={"bootstrap.servers": kafka.bootstrap_servers}, topic_prefix=topic_prefix)
    assert dated_by(settings, DECISIONS) is None
    create(settings)
    assert dated_by(settings, DECISIONS) == LOG_APPEND_TIME


@pytest.mark.kafka
def test_topics_are_not_called_missing_because_a_broker_learns_of_them_late(
    kafka: ApacheKafka, topic_prefix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(kafka={"bootstrap.servers": kafka.bootstrap_servers}, topic_prefix=topic_prefix)
    late = [describe(settings)] * 3
    monkeypatch.setattr(topics, "describe", lambda _settings: late.pop() if late else describe(settings))
    assert [state.problem for state in create(settings)] == [""] * len(TOPICS)
