"""Whether Kafka answers, and how many records each consumer group of this worker has still to do."""

from collections.abc import Iterable, Mapping, Sequence

from confluent_kafka import KafkaException
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gate_events.groups import GROUPS
from plangate.kafka.backlog import lag_by_topic
from plangate.kafka.clients import cluster
from plangate.kafka.roles import PARTS, Role
from plangate.settings import Settings
from plangate.worker.endpoint.asked import Asked

Lags = Mapping[tuple[str, str], int]
"""Records by consumer group and topic, as Kafka calls both."""


class KafkaQuestion:
    """Asks Kafka about the groups of `parts`; a user who may not see one is told nothing of it."""

    def __init__(self, settings: Settings, parts: Iterable[str]) -> None:
        self._settings = settings
        self._roles: Sequence[Role] = [Role(part) for part in parts if part != Role.RESUMER]

    def __call__(self) -> Lags:
        """Raises KafkaUnreachableError, KafkaRefusesError."""
        cluster(self._settings)
        return {place: count for role in self._roles for place, count in self._lags_of(role).items()}

    def _lags_of(self, role: Role) -> Lags:
        group = f"{self._settings.topic_prefix}{GROUPS}{role}"
        try:
            lags = lag_by_topic(self._settings, role, PARTS[role].reads)
        except KafkaException:
            return {}
        return {(group, topic): count for topic, count in lags.items()}


class KafkaMetrics(Collector):
    """All workers of one part say the same of its group: ask for the greatest, not for the sum."""

    def __init__(self, asked: Asked[Lags]) -> None:
        self._asked = asked

    def collect(self) -> Iterable[Metric]:
        """Whether Kafka answers, and what it answers."""
        lags = self._asked.answer()
        yield GaugeMetricFamily(
            "plangate_kafka_up", "Whether Kafka answers: 1 or 0.", value=int(lags is not None)
        )
        lag = GaugeMetricFamily(
            "plangate_consumer_lag_records",
            "Records that a consumer group has still to do.",
            labels=["group", "topic"],
        )
        for place, count in sorted((lags or {}).items()):
            lag.add_metric(place, count)
        yield lag
