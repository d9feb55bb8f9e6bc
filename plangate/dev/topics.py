"""Topics on a development broker."""

import logging
import time
from collections.abc import Collection, Mapping
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from plangate.dev.errors import DevServiceError

_TIMEOUT_SECONDS = 30.0
_POLL_SECONDS = 0.02


def quiet_admin(options: Mapping[str, str]) -> AdminClient:
    """An AdminClient that does not complain on stderr while its broker is still starting."""
    silent = logging.Logger("kafka-admin", level=logging.CRITICAL + 1)
    settings: dict[str, Any] = {**options, "error_cb": lambda _error: None}
    return AdminClient(settings, logger=silent)


def create(options: Mapping[str, str], names: Collection[str], partitions: int) -> None:
    """Create the topics that do not exist yet and wait until the broker serves them.

    Raises KafkaException where the broker refuses, DevServiceError where it does not get them ready.
    """
    admin = quiet_admin(options)
    wanted = [NewTopic(name, num_partitions=partitions, replication_factor=1) for name in names]
    for future in admin.create_topics(wanted).values():
        try:
            future.result(_TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
    _await_leaders(admin, names)


def _await_leaders(admin: AdminClient, names: Collection[str]) -> None:
    # The controller answers when it has decided; the broker learns of it a moment later.
    deadline = time.monotonic() + _TIMEOUT_SECONDS
    while missing := set(names) - _served(admin):
        if time.monotonic() > deadline:
            raise DevServiceError("Apache Kafka", f"does not serve {sorted(missing)}", "see its log")
        time.sleep(_POLL_SECONDS)


def _served(admin: AdminClient) -> set[str]:
    topics: dict[str, Any] = admin.list_topics(timeout=_TIMEOUT_SECONDS).topics
    return {name for name, topic in topics.items() if _is_led(topic)}


def _is_led(topic: Any) -> bool:
    partitions = topic.partitions.values()
    return bool(partitions) and all(partition.leader >= 0 for partition in partitions)
