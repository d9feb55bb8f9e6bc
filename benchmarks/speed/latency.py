"""From the decision's acknowledgement by Kafka to the effect."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from threading import Event, Thread
from typing import Any
from uuid import UUID

import psycopg
from confluent_kafka import Producer

from benchmarks.speed.paused import PausedRun
from benchmarks.speed.records import Watch, messages, producer
from benchmarks.speed.stage import Stage

_PER_S = 20
_WARM_UP = 40
_EFFECTS = "SELECT plan_id, result::text::float8 FROM effects WHERE plan_id = ANY(%s)"


def measure(stage: Stage, runs: Sequence[PausedRun]) -> list[float]:
    """Milliseconds of each, in ascending order, at 20 decisions a second; the first few warm all up."""
    watch = Watch(stage, "outcomes")
    acknowledged = _decide(stage, runs)
    watch.until_all(acknowledged)
    watch.close()
    counted = [each.plan.plan_id for each in runs[_WARM_UP:]]
    with psycopg.connect(stage.url) as connection:
        rows = connection.execute(_EFFECTS, [counted]).fetchall()
    happened: dict[UUID, float] = dict(rows)
    return sorted((happened[plan] - acknowledged[plan]) * 1000 for plan in counted)


def _decide(stage: Stage, runs: Sequence[PausedRun]) -> dict[UUID, float]:
    """When Kafka acknowledged each decision, in seconds since the epoch."""
    acknowledged: dict[UUID, float] = {}
    sender, over = producer(stage), Event()
    poller = Thread(target=_poll, args=(sender, over))
    poller.start()
    batch = messages(stage, [each.approval(datetime.now(UTC)) for each in runs])
    started = time.monotonic()
    for number, (each, (topic, key, value, headers)) in enumerate(zip(runs, batch, strict=True)):
        time.sleep(max(0.0, started + number / _PER_S - time.monotonic()))
        told = partial(_note, acknowledged, each.plan.plan_id)
        sender.produce(topic, value, key, headers=headers, on_delivery=told)
    sender.flush()
    over.set()
    poller.join()
    return acknowledged


def _note(acknowledged: dict[UUID, float], plan: UUID, error: Any, _message: Any) -> None:
    now = time.time()
    assert error is None, error
    acknowledged[plan] = now


def _poll(sender: Producer, over: Event) -> None:
    while not over.is_set():
        sender.poll(0.1)  # returns as soon as there is something


def percentile(ascending: Sequence[float], share: float) -> float:
    """The value that `share` of all do not exceed."""
    return ascending[min(len(ascending) - 1, int(len(ascending) * share))]
