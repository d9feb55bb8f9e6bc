"""What is looked at while it runs: memory, file handles, connections, table sizes, lag."""

import re
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import Consumer, TopicPartition

from benchmarks.speed.stage import Stage

_KEPT = """
SELECT sum(pg_total_relation_size(c.oid))::bigint FROM pg_class AS c
JOIN pg_namespace AS n ON n.oid = c.relnamespace
WHERE n.nspname = 'public' AND c.relkind = 'r' AND c.relname <> 'outbox'
"""
_CONNECTIONS = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()"
GROUPS = {
    "plangate-router": ("plans",),
    "plangate-gatekeeper": ("approval-requests", "decisions", "outcomes"),
}


@dataclass(frozen=True)
class Process:
    """One process of a worker."""

    pid: int
    kind: str  # apps, resumer

    @property
    def rss_mb(self) -> float:
        """Resident memory."""
        found = re.search(r"VmRSS:\s+(\d+) kB", Path(f"/proc/{self.pid}/status").read_text())
        return int(found[1]) / 1024 if found else 0.0

    @property
    def handles(self) -> int:
        """Open file handles, sockets among them."""
        return len(list(Path(f"/proc/{self.pid}/fd").iterdir()))


@dataclass(frozen=True)
class Sample:
    """One look. Memory and handles are of the largest process of each kind."""

    at_s: float
    runs: int
    apps_mb: float
    resumer_mb: float
    apps_handles: int
    resumer_handles: int
    connections: int
    kept_bytes: int
    outbox_rows: int
    lag: int

    def as_dict(self) -> dict[str, Any]:
        """For JSON."""
        return asdict(self)


def processes(supervisors: list[int]) -> list[Process]:
    """The children that live now."""
    found = []
    for supervisor in supervisors:
        children = Path(f"/proc/{supervisor}/task/{supervisor}/children").read_text().split()
        for pid in map(int, children):
            command = Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")
            kind = next((part for part in command if part.startswith("plangate.worker.")), "")
            if kind:
                found.append(Process(pid, kind.rpartition(".")[2]))
    return found


def look(stage: Stage, supervisors: list[int], lag: "Lag", at_s: float) -> Sample:
    """Take a sample."""
    living = processes(supervisors)
    most = {
        kind: (
            max((each.rss_mb for each in living if each.kind == kind), default=0.0),
            max((each.handles for each in living if each.kind == kind), default=0),
        )
        for kind in ("apps", "resumer")
    }
    return Sample(
        at_s=round(at_s, 1),
        runs=stage.ask("SELECT count(*) FROM runs"),
        apps_mb=round(most["apps"][0], 1),
        resumer_mb=round(most["resumer"][0], 1),
        apps_handles=most["apps"][1],
        resumer_handles=most["resumer"][1],
        connections=stage.ask(_CONNECTIONS),
        kept_bytes=stage.ask(_KEPT),
        outbox_rows=stage.ask("SELECT count(*) FROM outbox"),
        lag=lag.total(),
    )


class Lag:
    """How many records the workers' groups have not committed."""

    def __init__(self, stage: Stage) -> None:
        self._consumers = {
            group: Consumer({**stage.stack.settings.kafka_options, "group.id": stage.topic(group)})
            for group in GROUPS
        }
        self._topics = {group: [stage.topic(name) for name in names] for group, names in GROUPS.items()}

    def total(self) -> int:
        """Of all groups, topics and partitions."""
        return sum(
            self._of(consumer, topic)
            for group, consumer in self._consumers.items()
            for topic in self._topics[group]
        )

    def close(self) -> None:
        """Leave."""
        for consumer in self._consumers.values():
            consumer.close()

    @staticmethod
    def _of(consumer: Consumer, topic: str) -> int:
        partitions = [TopicPartition(topic, p) for p in consumer.list_topics(topic).topics[topic].partitions]
        behind = 0
        for each in consumer.committed(partitions, timeout=10):
            _, end = consumer.get_watermark_offsets(each, timeout=10)
            behind += end - max(each.offset, 0)
        return behind
