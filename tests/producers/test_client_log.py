"""A service whose broker is away says so once, and again after a while."""

import logging
from threading import Timer

import pytest
from confluent_kafka import KafkaError

from plangate import verdicts
from producers.client_log import Outages
from tests.cli.commands import NO_BROKER

DOWN, REFUSED = KafkaError._ALL_BROKERS_DOWN, KafkaError._AUTHENTICATION


def test_without_a_broker_a_service_says_so_in_one_line(caplog: pytest.LogCaptureFixture) -> None:
    away = "127.0.0.1:9"  # discard: of this test alone
    with verdicts({"bootstrap.servers": away}, group="mailer") as inbox:
        Timer(2.0, inbox.stop).start()
        assert list(inbox) == []
    [line] = [record.getMessage() for record in caplog.records if record.name.startswith("plangate")]
    assert line.startswith(f"Kafka: {away}")
    assert line.endswith("; trying on")


def test_each_kind_of_error_is_said_again_after_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    now = 0.0
    outages = Outages(logging.getLogger("plangate.test"), lambda: now)
    said = []
    for now, code in ((0, DOWN), (1, REFUSED), (2, REFUSED), (30, DOWN), (61, REFUSED), (62, DOWN)):
        before = len(caplog.records)
        outages.note(KafkaError(code), NO_BROKER)
        said += [now] * (len(caplog.records) - before)
    assert said == [0, 1, 61]
