"""What was fetched and then dropped comes again, before anything behind it is handed out."""

from types import SimpleNamespace

import pytest

from gate_events.records import PlanCleared
from stream_apps.fetch_order import FetchOrder
from tests.apps.world import World, plan


def _fetch(order: FetchOrder, *offsets: int) -> dict[int, int]:
    """By offset: what was fetched before it."""
    order.fetched({"tp": [SimpleNamespace(offset=offset) for offset in offsets]})
    return {offset: order.before("tp", offset) for offset in offsets}


def _take(order: FetchOrder, fetched: dict[int, int], *offsets: int) -> list[int]:
    return [offset for offset in offsets if order.hand_out("tp", offset, fetched[offset])]


def test_records_are_handed_out_as_they_were_fetched() -> None:
    order = FetchOrder()
    first = _fetch(order, 5, 6, 9)  # 7 and 8 are markers
    second = _fetch(order, 12)
    assert _take(order, first | second, 5, 6, 9, 12) == [5, 6, 9, 12]
    assert order.dropped(nothing_waits=True) == {}


def test_nothing_behind_a_dropped_record_is_handed_out_until_it_comes_again() -> None:
    order = FetchOrder()
    fetched = _fetch(order, 5, 6) | _fetch(order, 7, 8)
    assert _take(order, fetched, 5, 7, 8) == [5]
    assert order.dropped(nothing_waits=False) == {"tp": 6}
    order.sought("tp")
    assert _take(order, _fetch(order, 6, 7, 8), 6, 7, 8) == [6, 7, 8]


def test_what_waits_to_be_handed_out_was_not_dropped() -> None:
    order = FetchOrder()
    assert _take(order, _fetch(order, 5, 6), 5) == [5]
    assert order.dropped(nothing_waits=False) == {}
    assert order.dropped(nothing_waits=True) == {"tp": 6}


def test_the_first_record_of_a_partition_may_be_the_dropped_one() -> None:
    order = FetchOrder()
    fetched = _fetch(order, 5, 6)
    assert _take(order, fetched, 6) == []
    assert order.dropped(nothing_waits=False) == {"tp": 5}


def test_what_a_record_fetched_again_is_dropped_for_comes_once_more() -> None:
    order = FetchOrder()
    assert _take(order, _fetch(order, 5, 6, 7), 5, 7) == [5]
    order.sought("tp")
    assert _take(order, _fetch(order, 6, 7), 7) == []
    assert order.dropped(nothing_waits=False) == {"tp": 6}


def test_what_is_committed_may_lie_behind_what_was_handed_out() -> None:
    order = FetchOrder()
    assert _take(order, _fetch(order, 5, 6, 7), 5, 6, 7) == [5, 6, 7]
    again = _fetch(order, 6, 7, 8)
    assert _take(order, again, 6, 7, 8) == [6, 7, 8]


def test_what_was_fetched_before_the_seek_raises_nothing() -> None:
    order = FetchOrder()
    late = _fetch(order, 9)  # asked for before the rebalance, there after it; dropped
    again = _fetch(order, 5, 6)
    assert _take(order, late | again, 6) == []
    assert order.dropped(nothing_waits=False) == {"tp": 5}


def test_records_that_kafka_no_longer_keeps_are_not_waited_for() -> None:
    order = FetchOrder()
    assert _take(order, _fetch(order, 5, 6, 7), 5, 7) == [5]
    order.sought("tp")
    assert _take(order, _fetch(order, 100, 101), 100, 101) == [100, 101]  # 6 to 99 were too old


def test_a_partition_that_comes_back_begins_anew() -> None:
    order = FetchOrder()
    assert _take(order, _fetch(order, 5, 6), 5) == [5]
    order.forget(["tp"])
    assert _take(order, _fetch(order, 300), 300) == [300]


@pytest.mark.long
def test_no_plan_is_lost_where_faust_drops_what_it_queued(world: World) -> None:
    """As it does where a second rebalance begins while it seeks for the first."""
    worker = world.start("router", drop=True)
    proposed = [plan("look") for _ in range(600)]
    for start in range(0, len(proposed), 20):
        world.send(*proposed[start : start + 20])
    cleared = world.read(PlanCleared, len(proposed))
    assert {each.plan_id for each in cleared} == {each.plan_id for each in proposed}
    assert "was dropped while partitions moved; it is fetched again" in worker.log.read_text()
