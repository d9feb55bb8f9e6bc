"""The endpoint of a worker: what it answers at which path, and from where it has that."""

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.metadata import version

from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import CounterMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

from plangate.listening import Address
from plangate.settings import Settings
from plangate.worker.catalogue_in_force import CatalogueInForce
from plangate.worker.counts import Counts
from plangate.worker.endpoint.asked import Asked
from plangate.worker.endpoint.health import readiness
from plangate.worker.endpoint.kafka_metrics import KafkaMetrics, KafkaQuestion
from plangate.worker.endpoint.server import serving
from plangate.worker.endpoint.store_metrics import StoreMetrics, StoreQuestion
from plangate.worker.supervisor import Supervisor

log = logging.getLogger("plangate.worker")


class TreeMetrics(Collector):
    """What the tree's parent knows by itself."""

    def __init__(self, supervisor: Supervisor, catalogue: CatalogueInForce) -> None:
        self._supervisor = supervisor
        self._catalogue = catalogue

    def collect(self) -> Iterable[Metric]:
        """Version, catalogue in force, restarts."""
        yield InfoMetricFamily("plangate", "The version of Plangate.", {"version": version("plangate")})
        digest = {"digest": self._catalogue.catalogue.digest}
        yield InfoMetricFamily("plangate_catalogue", "The catalogue that this worker judges by.", digest)
        yield CounterMetricFamily(
            "plangate_worker_restarts",
            "Processes of this worker that ended by themselves and were started again.",
            value=self._supervisor.restarts,
        )


@contextmanager
def endpoint(
    address: Address,
    settings: Settings,
    parts: Mapping[str, Sequence[str]],
    supervisor: Supervisor,
    counts: Counts,
    catalogue: CatalogueInForce,
) -> Iterator[None]:
    """Answer at `address`; `parts` are those of each process, by its name. Raises EndpointTakenError."""
    store = Asked("the store", StoreQuestion(settings.store_url))
    kafka = Asked("Kafka", KafkaQuestion(settings, {part for its in parts.values() for part in its}))
    registry = CollectorRegistry()
    for collector in (
        TreeMetrics(supervisor, catalogue),
        counts,
        StoreMetrics(store, lambda: catalogue.catalogue.actions),
        KafkaMetrics(kafka),
    ):
        registry.register(collector)
    pages = {
        "/healthz": lambda: supervisor.ended,
        "/readyz": lambda: readiness(parts, counts.serves, {"Kafka": kafka, "store": store}),
    }
    with serving(address, registry, pages) as url:
        log.info("%s has /metrics, /healthz and /readyz", url)
        yield
