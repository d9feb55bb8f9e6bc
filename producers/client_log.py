"""What Kafka's clients say of an outage, once a minute and not thirty times a second."""

import logging
from collections.abc import Callable
from time import monotonic

from confluent_kafka import KafkaError

_EVERY_S = 60.0
_TOLD_BY_CALLBACK = ("FAIL ", "ERROR ")  # the same errors, which come to `error_cb` as well

CLIENT_LOG = logging.getLogger("plangate.client")
"""The logger of librdkafka's clients: what they say beside errors."""

CLIENT_LOG.addFilter(lambda record: not record.getMessage().startswith(_TOLD_BY_CALLBACK))


class Outages:
    """Logs clients' errors, each kind once in a while, whichever client of a cluster it comes to."""

    def __init__(self, log: logging.Logger, clock: Callable[[], float] = monotonic) -> None:
        self._log = log
        self._clock = clock
        self._said: dict[tuple[str, int], float] = {}

    def note(self, error: KafkaError, servers: str) -> None:
        """Say it, unless that was said within a minute; that all brokers are down only where nothing was."""
        code, now = error.code(), self._clock()
        recent = {
            known for (at, known), said in self._said.items() if at == servers and now - said < _EVERY_S
        }
        if code in recent or (code == KafkaError._ALL_BROKERS_DOWN and recent):
            return
        self._said[servers, code] = now
        self._log.warning("Kafka: %s; trying on", error.str())


OUTAGES = Outages(logging.getLogger("plangate.kafka"))
"""Of this process."""
