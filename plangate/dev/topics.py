"""Topics on a development broker."""

import logging
from collections.abc import Iterable
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

_TIMEOUT_SECONDS = 30.0


def quiet_admin(bootstrap_servers: str) -> AdminClient:
    """An AdminClient that does not complain on stderr while its broker is still starting."""
    silent = logging.Logger("kafka-admin", level=logging.CRITICAL + 1)
    settings: dict[str, Any] = {"bootstrap.servers": bootstrap_servers, "error_cb": lambda _error: None}
    return AdminClient(settings, logger=silent)


def create(bootstrap_servers: str, names: Iterable[str], partitions: int) -> None:
    """Create the topics that do not exist yet. Raises KafkaException."""
    admin = quiet_admin(bootstrap_servers)
    wanted = [NewTopic(name, num_partitions=partitions, replication_factor=1) for name in names]
    for future in admin.create_topics(wanted, operation_timeout=_TIMEOUT_SECONDS).values():
        try:
            future.result(_TIMEOUT_SECONDS)
        except KafkaException as error:
            if error.args[0].code() != KafkaError.TOPIC_ALREADY_EXISTS:
                raise
