"""What the processes of a worker count and time, named by OpenTelemetry's conventions where it has some.

Where the worker has an endpoint, its parent names a folder, and each process keeps its counts in files there
(prometheus_client's multiprocess mode) under the name that it has in its tree: what is started again counts
on from where the one before ended. Elsewhere they stay in memory, and nobody reads them.

Labels are words of ours, names of topics and groups, and action types of the catalogue: nothing that a
record's writer chooses.
"""

import os
from collections.abc import Iterable
from datetime import timedelta
from enum import StrEnum
from functools import cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, values

FOLDER = "PROMETHEUS_MULTIPROC_DIR"  # as prometheus_client calls it
PROCESS = "SUPERVISOR_CHILD"  # what a process is called in its tree

_process = os.environ.get(PROCESS, "")
_shares = bool(_process) and Path(os.environ.get(FOLDER, "")).is_dir()
if _shares:
    # Instead of process ids: https://github.com/prometheus/client_python/issues/509
    values.ValueClass = values.MultiProcessValue(lambda: _process)  # type: ignore[no-untyped-call] # the library's
elif _process:  # its folder is gone: no reason not to work
    values.ValueClass = values.MutexValue

REGISTRY = CollectorRegistry()  # not the library's own, where graphs of users may have theirs

UNKNOWN = "unknown"  # an action type that the catalogue does not have

# https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_HUMAN = (_MINUTE, 5 * _MINUTE, 15 * _MINUTE, _HOUR, 4 * _HOUR, 8 * _HOUR, _DAY, 3 * _DAY, 7 * _DAY)

_CONSUMED = Counter(
    "messaging_client_consumed_messages",
    "Records that were handed to a consumer group.",
    [
        "messaging_system",
        "messaging_operation_name",
        "messaging_destination_name",
        "messaging_consumer_group_name",
    ],
    registry=REGISTRY,
)
_PROCESS_DURATION = Histogram(
    "messaging_process_duration_seconds",
    "How long a batch of records of a consumer group was worked at.",
    ["messaging_system", "messaging_operation_name", "messaging_consumer_group_name"],
    buckets=_SECONDS,
    registry=REGISTRY,
)
_SENT = Counter(
    "messaging_client_sent_messages",
    "Records that Kafka confirmed.",
    ["messaging_system", "messaging_operation_name", "messaging_destination_name"],
    registry=REGISTRY,
)
_DEAD_LETTERS = Counter(
    "plangate_dead_letters",
    "Records that became dead letters, by the topic from which they came, and why.",
    ["topic", "reason"],
    registry=REGISTRY,
)
_DECISIONS = Counter(
    "plangate_decisions",
    "Decisions that the gatekeeper took, by kind, and what became of them.",
    ["kind", "fate"],
    registry=REGISTRY,
)
_TIME_TO_DECIDE = Histogram(
    "plangate_time_to_decide_seconds",
    "From the question to the decision that closed its gate.",
    ["kind"],
    buckets=_HUMAN,
    registry=REGISTRY,
)
_RESUMES = Counter(
    "plangate_resumes",
    "Resumes of runs that ended, by the state in which they left the run.",
    ["status"],
    registry=REGISTRY,
)
_EFFECTS_ENDED = Counter(
    "plangate_effects_ended",
    "Steps of runs of which a resumer learnt what became, by action type and state.",
    ["action_type", "state"],
    registry=REGISTRY,
)
_SERVING = Gauge(
    "plangate_serving",
    "1 where a process does its part, 0 where it does not.",
    ["part", "process"],
    multiprocess_mode="livemin",
    registry=REGISTRY,
)

if _shares:  # opens the files, which a cleaner of temporary folders may take away meanwhile
    _DECISIONS.labels("EXPIRE", "DECIDED")
    _TIME_TO_DECIDE.labels("EXPIRE")


class Reason(StrEnum):
    """Why a record is a dead letter. UNREADABLE: it was not, or could not be, decoded.

    REFUSED: it was read, and does not count. UNHANDLED: it made its handler fail. UNSENDABLE: Kafka refuses
    what became of it. GIVEN_UP: what it waited for did not come.
    """

    UNREADABLE = "unreadable"
    REFUSED = "refused"
    UNHANDLED = "unhandled"
    UNSENDABLE = "unsendable"
    GIVEN_UP = "given_up"


def expect_dead_letters(topics: Iterable[str]) -> None:
    """Begin at 0: the first letter is then an increase, as alert rules ask for one."""
    for topic in topics:
        for reason in Reason:
            _DEAD_LETTERS.labels(topic, reason)


def expect_decisions(kinds: Iterable[str], fate: str) -> None:
    """Begin at 0, for the same reason."""
    for kind in kinds:
        _DECISIONS.labels(kind, fate)


def processed(group: str, topics: Iterable[str], seconds: float) -> None:
    """A batch was worked at; `topics` has the full name of each record's."""
    _PROCESS_DURATION.labels("kafka", "process", group).observe(seconds)
    counts: dict[str, int] = {}
    for topic in topics:
        counts[topic] = counts.get(topic, 0) + 1
    for topic, count in counts.items():
        _CONSUMED.labels("kafka", "poll", topic, group).inc(count)


def sent(topic: str) -> None:
    """Kafka confirmed a record; `topic` is its full name."""
    _sent_to(topic).inc()


@cache
def _sent_to(topic: str) -> Counter:
    return _SENT.labels("kafka", "send", topic)


def buried(topic: str, reason: Reason) -> None:
    """A record became a dead letter."""
    _DEAD_LETTERS.labels(topic, reason).inc()


def decided(kind: str, fate: str, open_for: timedelta | None) -> None:
    """A decision was taken; `open_for`: how long the gate that it closed had been open."""
    _DECISIONS.labels(kind, fate).inc()
    if open_for is not None:
        _TIME_TO_DECIDE.labels(kind).observe(open_for.total_seconds())


def resumed(status: str) -> None:
    """A resume of a run ended, and left it in that state."""
    _RESUMES.labels(status).inc()


def effect_ended(action_type: str, state: str) -> None:
    """A resumer learnt what became of a step; `action_type` is the catalogue's, or UNKNOWN."""
    _EFFECTS_ENDED.labels(action_type, state).inc()


def serving(part: str, *, is_done: bool) -> None:
    """Whether this process does its part."""
    _SERVING.labels(part, _process).set(int(is_done))
