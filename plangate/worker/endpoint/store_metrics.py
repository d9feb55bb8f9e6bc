"""What the store knows of gates, runs, effects, outbox and heartbeats, as metrics.

All workers on one store say the same: ask for the greatest of them, not for their sum.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta

from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from gate_store.database import Clock, open_store, utc_now
from gate_store.dialects import store_moment
from gate_store.gauges import Gauges, OpenGate, Tiers, gauges
from gate_store.heartbeats import FORGOTTEN_AFTER, GATEKEEPER, RESUMER, ROUTER, Heard
from plangate.worker.endpoint.asked import Asked
from stream_apps.metrics import UNKNOWN

# The first bound that is above a gate's age names its bucket.
_AGES = [
    (timedelta(minutes=5), "0-5m"),
    (timedelta(hours=1), "5m-1h"),
    (timedelta(hours=8), "1h-8h"),
    (timedelta(days=1), "8h-1d"),
    (timedelta.max, "1d-"),
]

_PARTS = (ROUTER, GATEKEEPER, RESUMER)

Answer = tuple[datetime, Gauges]


class StoreQuestion:
    """Asks the store, over one connection that is kept."""

    def __init__(self, store_url: str, clock: Clock = utc_now) -> None:
        self._store = open_store(store_url, pool_size=1)
        self._clock = clock
        self._tiers: Tiers = {}

    def __call__(self) -> Answer:
        """The store's own time, and how it stands then. Raises SQLAlchemy's errors."""
        with self._store.connect() as conn:
            now = store_moment(conn, self._clock())
            return now, gauges(conn, now, self._tiers)


class StoreMetrics(Collector):
    """`actions` are the catalogue's action types: others count as UNKNOWN."""

    def __init__(self, asked: Asked[Answer], actions: Callable[[], Collection[str]]) -> None:
        self._asked = asked
        self._actions = actions

    def collect(self) -> Iterable[Metric]:
        """Whether the store answers, and what it answers."""
        answer = self._asked.answer()
        up = "Whether the store answers: 1 or 0."
        yield _gauge("plangate_store_up", up, (), {(): int(answer is not None)})
        if answer is not None:
            yield from self._told(*answer)

    def _told(self, now: datetime, told: Gauges) -> Iterator[Metric]:
        yield from _of_gates(told.gates)
        if told.queued is not None:
            waits = "Plans that wait until their agent has fewer open gates; 10,000 at most."
            yield _gauge("plangate_queued_plans", waits, (), {(): told.queued})
        yield _gauge(
            "plangate_runs",
            "Runs that go on, by state; 10,000 of each at most.",
            ["status"],
            {(status,): count for status, count in told.runs.items()},
        )
        known = self._actions()
        effects: Counter[tuple[str, ...]] = Counter()
        for (state, action), count in told.effects.items():
            effects[state, action if action in known else UNKNOWN] += count
        yield _gauge(
            "plangate_effects",
            "Steps that were begun and have not ended, by state and action type.",
            ["state", "action_type"],
            effects,
        )
        yield _gauge(
            "plangate_leases_held",
            "Leases that hold: of runs, and of steps of services.",
            ["kind"],
            {(kind,): count for kind, count in told.leases.items()},
        )
        if told.outbox is not None:
            age = now - told.outbox.since if told.outbox.since else timedelta()
            rows, oldest = (
                "Records that are not on Kafka yet; 10,000 at most.",
                "How old the first of them is; 0: none.",
            )
            yield _gauge("plangate_outbox_records", rows, (), {(): told.outbox.count})
            yield _gauge("plangate_outbox_oldest_age_seconds", oldest, (), {(): age.total_seconds()})
        yield _of_heartbeats(told.heard)


def _of_gates(found: Sequence[OpenGate]) -> Iterator[Metric]:
    yield _gauge(
        "plangate_open_gates",
        "Gates that wait for a human, by tier, kind and age; the 10,000 with the nearest deadlines.",
        ["tier", "kind", "age"],
        Counter((each.tier, each.kind, _bucket(each.age)) for each in found),
    )
    yield _gauge(
        "plangate_open_gates_half_over",
        "Of them, those that have waited for more than half their time.",
        ["tier"],
        Counter((each.tier,) for each in found if each.is_half_over),
    )
    yield _gauge(
        "plangate_open_gates_overdue",
        "Of them, those whose deadline is past.",
        (),
        {(): sum(each.left < timedelta() for each in found)},
    )


def _bucket(age: timedelta) -> str:
    return next(name for bound, name in _AGES if age < bound)


def _of_heartbeats(found: Iterable[Heard]) -> Metric:
    states: dict[tuple[str, ...], float] = {
        (part, state): 0 for part in _PARTS for state in ("working", "in_trouble", "silent")
    }
    for each in found:
        if each.part in _PARTS and each.silent_for < FORGOTTEN_AFTER:
            states[each.part, _state(each)] += 1
    return _gauge(
        "plangate_workers",
        "Processes of workers whose heartbeats are in the store, by part, and how they are.",
        ["part", "state"],
        states,
    )


def _state(each: Heard) -> str:
    if each.is_silent:
        return "silent"
    return "in_trouble" if each.trouble else "working"


def _gauge(
    name: str, documentation: str, labels: Sequence[str], counts: Mapping[tuple[str, ...], float]
) -> Metric:
    family = GaugeMetricFamily(name, documentation, labels=labels)
    for values, count in sorted(counts.items()):
        family.add_metric(values, count)
    return family
