"""Clients of Kafka for commands: what the cluster has, or why it does not answer."""

import logging
import re
import time
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient

from plangate.settings import Settings
from stream_apps.errors import KafkaOptionError
from stream_apps.refusals import Refusal, why_refused

TIMEOUT_S = 5.0  # a broker that is there answers in a fraction of it
_LOOK_S = 0.5  # how often errors are looked at
_NO_WAY_THERE = {KafkaError._RESOLVE, KafkaError._TRANSPORT}


class KafkaUnreachableError(ConnectionError):
    """No Kafka at {bootstrap_servers}; start one (`plangate dev`) or set PLANGATE_KAFKA_BOOTSTRAP_SERVERS."""

    def __init__(self, bootstrap_servers: str, problem: str = "") -> None:
        detail = f" ({problem})" if problem else ""
        super().__init__(
            f"no Kafka at {bootstrap_servers}{detail}; start one (`plangate dev`) "
            "or set PLANGATE_KAFKA_BOOTSTRAP_SERVERS"
        )


class KafkaRefusesError(PermissionError):
    """{bootstrap_servers}: {refusal}."""

    def __init__(self, bootstrap_servers: str, refusal: Refusal) -> None:
        super().__init__(f"{bootstrap_servers}: {refusal}")


def admin(settings: Settings, heard: list[KafkaError] | None = None) -> AdminClient:
    """An admin client that says nothing on its own; `heard` gets its errors. Raises KafkaOptionError."""
    note = (lambda _error: None) if heard is None else heard.append
    options: dict[str, Any] = {**settings.kafka_options, "error_cb": note}
    try:
        return AdminClient(options, logger=logging.Logger("kafka-admin", level=logging.CRITICAL + 1))
    except KafkaException as error:
        raise _option_error(error.args[0].str()) from error


def cluster(settings: Settings, *, patiently: bool = True) -> Any:
    """The cluster's metadata. Raises KafkaUnreachableError, KafkaRefusesError, KafkaOptionError.

    Not `patiently`: brokers that are all down now are not waited for.
    """
    heard: list[KafkaError] = []
    client, end = admin(settings, heard), time.monotonic() + TIMEOUT_S
    while True:
        try:
            return client.list_topics(timeout=_LOOK_S)
        except KafkaException as error:
            client.poll(0)  # its errors come only now
            _refuse(settings, heard)
            if time.monotonic() > end or not (patiently or _are_there(heard)):
                raise KafkaUnreachableError(settings.bootstrap_servers, _said(heard, error)) from error
        time.sleep(0.05)  # some failures come at once


def _refuse(settings: Settings, heard: list[KafkaError]) -> None:
    """Raises KafkaRefusesError where a broker is there and does not let us in."""
    if refusal := why_refused(heard, settings.kafka_options):
        raise KafkaRefusesError(settings.bootstrap_servers, refusal)


def _are_there(heard: list[KafkaError]) -> bool:
    return all(error.code() != KafkaError._ALL_BROKERS_DOWN for error in heard)


def _said(heard: list[KafkaError], error: KafkaException) -> str:
    """The most telling of its errors."""
    telling = next((each for each in heard if each.code() in _NO_WAY_THERE), error.args[0])
    return str(telling.str()).partition(" (after")[0]


def _option_error(said: str) -> KafkaOptionError:
    named = re.search(r'property:? "([^"]+)"', said) or re.search(r"\b((?:ssl|sasl)\.[a-z.]*[a-z])", said)
    words = said.strip().removeprefix("Failed to create admin client: ")
    return KafkaOptionError(named.group(1) if named else "of the client", words, "see librdkafka's options")
