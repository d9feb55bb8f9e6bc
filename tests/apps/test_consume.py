"""Acks in the log's order, and what a watchdog is for."""

import time
from collections import deque
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import pytest
from faust.transport.consumer import Consumer

from gate_events.records import PlanCleared
from stream_apps.consume import Received
from stream_apps.exits import STUCK
from stream_apps.progress import Progress
from tests.apps.world import World, plan, until


def _received(count: int) -> tuple[list[Received], list[int]]:
    acked: list[int] = []
    line: deque[Received] = deque()
    records = []
    for offset in range(count):
        message = SimpleNamespace(offset=offset, key=None, value=b"", headers=None)
        event = SimpleNamespace(message=message, ack=lambda offset=offset: acked.append(offset))
        records.append(Received(event, "plans", line, Progress()))
        line.append(records[-1])
    return records, acked


def test_the_brokers_moment_is_known_only_where_the_broker_dates_records() -> None:
    [record], _ = _received(1)
    record.message.timestamp = 1_764_400_000.25
    record.message.timestamp_type = 1
    assert record.appended_at == datetime(2025, 11, 29, 7, 6, 40, 250_000, tzinfo=UTC)
    record.message.timestamp_type = 0  # its writer's
    assert record.appended_at is None


def test_offsets_are_acked_in_order_whatever_is_durable_first() -> None:
    records, acked = _received(4)
    records[1].ack()
    records[3].ack()
    assert acked == []
    records[0].ack()
    assert acked == [0, 1]
    records[2].ack()
    assert acked == [0, 1, 2, 3]


def test_faust_itself_commits_past_a_record_that_was_not_acked() -> None:
    """Why the order above matters; when this fails, Faust has mended it."""
    faust: Any = SimpleNamespace(
        _acked={"tp": [8, 9]}, _gap={"tp": None}, _committed_offset={"tp": 7}, _acked_index={"tp": {8, 9}}
    )
    assert Consumer._new_offset(faust, "tp") == 10  # type: ignore[arg-type] # the parts that it reads


@pytest.mark.slow
def test_a_stuck_process_is_ended_and_its_successor_does_the_work(world: World) -> None:
    stuck = world.start("router", stuck_after_s=2.0, instance="r", freeze=True)
    world.send(proposed := plan("look"))
    until(lambda: stuck.process.poll() is not None)
    assert stuck.process.returncode == STUCK
    assert "finished nothing for" in stuck.log.read_text()
    world.start("router", stuck_after_s=2.0, instance="r")
    assert world.read(PlanCleared, 1)[0].plan_id == proposed.plan_id


@pytest.mark.slow
def test_an_idle_process_is_not_stuck(world: World) -> None:
    idle = world.start("router", stuck_after_s=0.5)
    world.send(plan("look"))
    world.read(PlanCleared, 1)
    until(lambda: world.lag("router", "plans") == 0)
    later = time.monotonic() + 5  # two looks of the watchdog
    until(lambda: time.monotonic() > later)
    assert idle.end() == 0
