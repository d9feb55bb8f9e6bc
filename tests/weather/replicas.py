"""A second broker: topics with two replicas, both asked for, are refused by the first while it is down."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from plangate.dev.apache_kafka import ApacheKafka


class SecondBroker(ApacheKafka):
    """Joins the cluster of `first` as a broker alone."""

    def __init__(self, folder: Path, first: ApacheKafka) -> None:
        super().__init__(folder)
        self._first = first

    def _properties(self) -> str:
        theirs = self._first._properties().replace(self._first.bootstrap_servers, self.bootstrap_servers)
        changes = {
            "process.roles": "broker",
            "node.id": "2",
            "listeners": f"PLAINTEXT://{self.bootstrap_servers}",
            "log.dirs": str(self.folder / "data"),
        }
        kept = [line for line in theirs.splitlines() if line.partition("=")[0] not in changes]
        return "\n".join([*kept, *(f"{name}={value}" for name, value in changes.items())])

    def _format_once(self, java: list[str]) -> None:  # noqa: ARG002 - the signature is ApacheKafka's
        """With the first one's cluster id."""
        metadata = (self._first.folder / "data" / "meta.properties").read_text().splitlines()
        ours = [line for line in metadata if line.startswith(("cluster.id=", "version="))]
        (self.folder / "data").mkdir(exist_ok=True)
        (self.folder / "data" / "meta.properties").write_text("\n".join([*ours, "node.id=2", ""]))


@contextmanager
def second_broker(first: ApacheKafka, prefix: str, *replicated: str) -> Iterator[SecondBroker]:
    """Beside `first`, with these topics on both. Topics that are there already, the groups' own too, stay."""
    with SecondBroker(first.folder / "second", first) as broker:
        admin = AdminClient({"bootstrap.servers": first.bootstrap_servers})
        while len(admin.list_topics(timeout=10).brokers) < 2:
            time.sleep(0.1)
        names = [prefix + name for name in replicated]
        for future in admin.delete_topics(names).values():
            future.result(30)
        topics = [NewTopic(name, 3, 2, config={"min.insync.replicas": "2"}) for name in names]
        for future in admin.create_topics(topics).values():
            future.result(30)
        yield broker
