"""librdkafka's mock cluster: Kafka's protocol on a real loopback port inside this process, in memory only."""

import ctypes
from types import TracebackType
from typing import Any, Self

import confluent_kafka
from confluent_kafka import KafkaError, cimpl

from plangate.dev.errors import DevServiceError

_NAME = "mock Kafka"
_PARTITIONS = 4
_PRODUCER = 0  # rd_kafka_type_t
# A new group waits so long for more members: 3 s by default, which every start of an app would wait.
_REBALANCE_DELAY_MS = 100
_POINTER_FUNCTIONS = (
    "rd_kafka_conf_new",
    "rd_kafka_new",
    "rd_kafka_mock_cluster_new",
)


class MockKafka:
    """A broker without durability, CreateTopics or working transactions.

    A topic appears, with 4 partitions, when a client asks for it.
    It lives from `start()` to `stop()`, or to the end of this process.
    """

    def __init__(self) -> None:
        self._library = _library()
        self._client: int | None = None
        self._cluster: int | None = None
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
        assert self._cluster is not None, "start() comes first"  # noqa: S101 - a mistake of the caller
        for name in names:
            topic = name.encode()
            code = self._library.rd_kafka_mock_topic_create(self._pointer(), topic, _PARTITIONS, 1)
            if code not in (KafkaError.NO_ERROR, KafkaError.TOPIC_ALREADY_EXISTS):
                raise DevServiceError(_NAME, f"topic {name}: error {code}", "give it a name that is free")

    def start(self) -> None:
        """Open the listener; nothing when it is open already. Raises DevServiceError."""
        if self._cluster is not None:
            return
        library, words = self._library, ctypes.create_string_buffer(512)
        options = ctypes.c_void_p(library.rd_kafka_conf_new())
        library.rd_kafka_conf_set(options, b"log_level", b"2", words, ctypes.sizeof(words))
        self._client = library.rd_kafka_new(_PRODUCER, options, words, ctypes.sizeof(words))
        self._cluster = library.rd_kafka_mock_cluster_new(ctypes.c_void_p(self._client), 1)
        if self._cluster is None:
            raise DevServiceError(_NAME, f"cannot start ({words.value.decode()})", "look for free ports")
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._pointer(), _REBALANCE_DELAY_MS)
        self._bootstrap_servers = library.rd_kafka_mock_cluster_bootstraps(self._pointer()).decode()

    def stop(self) -> None:
        """Close the listener and forget every record."""
        if self._cluster is not None:
            self._library.rd_kafka_mock_cluster_destroy(self._pointer())
            self._library.rd_kafka_destroy(ctypes.c_void_p(self._client))
            self._client = self._cluster = None

    def _pointer(self) -> ctypes.c_void_p:
        return ctypes.c_void_p(self._cluster)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _library() -> Any:
    """The librdkafka that confluent-kafka brought; its Python side cannot set the rebalance delay."""
    library = ctypes.CDLL(cimpl.__file__)
    for name in _POINTER_FUNCTIONS:
        getattr(library, name).restype = ctypes.c_void_p
    library.rd_kafka_mock_cluster_bootstraps.restype = ctypes.c_char_p
    return library
