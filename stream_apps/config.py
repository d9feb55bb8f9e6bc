"""What the Faust apps of one process need to know."""

from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from opentelemetry.trace import Tracer
from sqlalchemy import Engine

from gate_events.codec import SchemaOfId
from gate_policy.catalogue import Catalogue
from gate_store.database import Clock, utc_now
from gate_store.stop_file import StopFile

Serves = Callable[[str, Callable[[], str]], None]
"""Takes, once a part is done, what says why it is not done now; that may block and is empty where it is."""

SchemaIdOf = Callable[[type[Any]], int]

ROUTER = "router"
GATEKEEPER = "gatekeeper"


@dataclass(frozen=True)
class AppsConfig:
    """Settings of the apps. `kafka` and `store_url` may hold secrets and stay out of the repr."""

    kafka: Mapping[str, Any] = field(repr=False)  # librdkafka's options
    store_url: str = field(repr=False)
    catalogue: Catalogue = field(repr=False)
    topic_prefix: str = ""
    instance: str | None = None  # stable per replica: its partitions wait for it through a restart
    only: frozenset[str] = frozenset({ROUTER, GATEKEEPER})
    schema_id_of: SchemaIdOf | None = None  # with a schema registry: the id to write a record type with
    schema_of_id: SchemaOfId | None = None
    spool: Path = Path("dead-letters-spool")  # for dead letters that the broker refuses
    patience_s: float = 86_400.0  # how long a decision waits for its approval request
    republish_after_s: float = 300.0  # how long the plan of a run may be under way
    run_events_kept_s: float = 604_800.0  # how long what a node said stays for whoever follows its run
    dating_tolerance_s: float = 300.0  # how far a decision's own date may be from the broker's
    largest_record_bytes: int = 4_194_304  # of one that is read, unpacked
    lacks: Callable[[str], str] = lambda _app: ""  # which rights an app's user lacks on Kafka, in words
    stuck_after_s: float = 120.0
    topics_looked_at_s: float = 10.0  # how often, whether they are still the same
    stop_within_s: float = 20.0
    stop_file: StopFile = field(default_factory=lambda: StopFile(None))  # of this host
    shares_stops: Callable[[Engine], Coroutine[Any, Any, None]] | None = None  # beside a gatekeeper
    serves: Serves = lambda _part, _trouble: None
    tracers: Mapping[str, Tracer] = field(default_factory=dict)  # by role; none: no spans
    clock: Clock = utc_now
