"""librdkafka's mock cluster: Kafka's protocol on a real loopback port inside this process, in memory only."""

import time
from types import TracebackType
from typing import Self

import confluent_kafka
from confluent_kafka import Producer

from plangate.dev.errors import DevServiceError

_NAME = "mock Kafka"
_TIMEOUT_SECONDS = 10.0


class MockKafka:
    """A broker without durability, CreateTopics or working transactions.

    A topic appears, with 4 partitions, when a client asks for it.
    It lives from `start()` to `stop()`, or to the end of this process.
    """

    def __init__(self) -> None:
        self._host: Producer | None = None
        self._bootstrap_servers = ""

    @property
    def bootstrap_servers(self) -> str:
        """What clients of any process on this machine connect to: `127.0.0.1:PORT`."""
        return self._bootstrap_servers

    @property
    def version(self) -> str:
        """The version of librdkafka."""
        return confluent_kafka.libversion()[0]

    def create_topics(self, *names: str) -> None:
        """Make the topics exist, with 4 partitions each. Raises DevServiceError."""
        assert self._host is not None, "start() comes first"  # noqa: S101 - a mistake of the caller
        for name in names:
            deadline = time.monotonic() + _TIMEOUT_SECONDS
            while not self._host.list_topics(name, timeout=_TIMEOUT_SECONDS).topics[name].partitions:
                if time.monotonic() > deadline:
                    raise DevServiceError(_NAME, f"topic {name} does not appear", "start it again")
                time.sleep(0.05)

    def start(self) -> None:
        """Open the listener; nothing when it is open already."""
        if self._host is None:
            self._host = Producer({"test.mock.num.brokers": 1, "log_level": 2})
            broker = next(iter(self._host.list_topics(timeout=_TIMEOUT_SECONDS).brokers.values()))
            self._bootstrap_servers = f"{broker.host}:{broker.port}"

    def stop(self) -> None:
        """Close the listener and forget every record."""
        self._host = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
