"""Topics that are deleted, and made anew under their names."""

import time
from collections.abc import Mapping
from contextlib import suppress

from confluent_kafka import KafkaException
from confluent_kafka.cimpl import NewTopic

from plangate.dev.topics import quiet_admin


def delete(options: Mapping[str, str], *names: str) -> None:
    """Return when the controller has deleted them."""
    admin = quiet_admin(options)
    for future in admin.delete_topics(list(names)).values():
        future.result(30)


def make(options: Mapping[str, str], *names: str, partitions: int) -> None:
    """As soon as the deletion of those of these names is through, and return when a broker tells of them."""
    admin, deadline = quiet_admin(options), time.monotonic() + 30
    for name in names:
        while True:
            with suppress(KafkaException):
                admin.create_topics([NewTopic(name, partitions, 1)])[name].result(30)
            if len(admin.list_topics(name, timeout=10).topics[name].partitions) == partitions:
                break
            assert time.monotonic() < deadline, f"{name} could not be made anew"
