"""A plan that left the store, that nobody asked about or cleared, is published again, ever more seldom."""

from datetime import timedelta
from uuid import UUID

import pytest
from sqlalchemy import Engine, delete, insert, select, update

from gate_events.records import PlanProposed
from gate_store.heartbeats import Process, beat, begin_to_beat
from gate_store.refused import note_refused
from gate_store.tables import gates, outbox, own_requests, runs
from stream_apps.gatekeeper.unrouted import Unrouted, a_router_works
from tests.claims.gate import asked, commit, of_run, step, waits
from tests.store.acting import said
from tests.store.examples import NOON

AFTER = timedelta(minutes=5)
MINUTE = timedelta(minutes=1)
PLAN = of_run(step("pay"))


def in_minutes(store: Engine, unrouted: Unrouted, *minutes: int) -> list[int]:
    """At which of these minutes the plan was published again; Kafka loses it every time."""
    found = []
    for minute in minutes:
        unrouted.publish(NOON + minute * MINUTE)
        with store.begin() as conn:
            if [each.plan_id for each in said(conn, PlanProposed)] == [PLAN.plan_id]:
                found.append(minute)
            conn.execute(delete(outbox))
    return found


@pytest.fixture
def lost(store: Engine) -> Engine:
    """A store whose one run is paused at a plan that a relay was done with, and that Kafka has not."""
    with store.begin() as conn:
        waits(conn, PLAN)
        conn.execute(delete(outbox))
    return store


def looking(store: Engine) -> Unrouted:
    return Unrouted(store, AFTER, is_routed=lambda _: True)


def test_what_stays_lost_is_published_at_ever_longer_pauses(lost: Engine) -> None:
    assert in_minutes(lost, looking(lost), *range(60)) == [5, 10, 20, 40]


def test_a_gatekeeper_that_starts_publishes_what_was_lost_before(lost: Engine) -> None:
    assert in_minutes(lost, looking(lost), 600) == [600]


def test_what_was_published_again_is_gated_once_however_often_it_comes(lost: Engine) -> None:
    looking(lost).publish(NOON + AFTER)
    with lost.begin() as conn:
        [again] = said(conn, PlanProposed)
        for _ in range(2):
            assert commit(conn, asked(again)).refused == {}
        assert len(conn.execute(select(gates)).all()) == 1
        conn.execute(delete(outbox))
    assert in_minutes(lost, looking(lost), 600) == []


def test_nobody_asks_for_a_run_that_does_not_wait(lost: Engine) -> None:
    with lost.begin() as conn:
        conn.execute(update(runs).values(status="DONE", pause=None, plan_id=None))
    assert in_minutes(lost, looking(lost), 600) == []


def test_why_it_was_refused_is_forgotten_when_it_is_tried_again(lost: Engine) -> None:
    with lost.begin() as conn:
        note_refused(conn, [(PLAN, "a fault that was mended")])
        assert conn.execute(select(runs.c.error)).scalar_one() == "a fault that was mended"
    looking(lost).publish(NOON + AFTER)
    with lost.begin() as conn:
        assert conn.execute(select(runs.c.error)).scalar_one() == ""


def test_a_row_that_cannot_be_read_holds_up_no_other(lost: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("stream_apps.gatekeeper.unrouted._LIMIT", 1)
    with lost.begin() as conn:
        row = conn.execute(select(own_requests)).mappings().one()
        conn.execute(insert(own_requests).values(**{**row, "event_id": UUID(int=1), "body": b"broken"}))
    assert in_minutes(lost, looking(lost), 600, 601) == [601]


def test_without_a_router_nothing_is_published_again(lost: Engine) -> None:
    router = Process("r1", "machine-0", "machine", "1", "digest")
    with lost.begin() as conn:
        assert not a_router_works(conn, NOON)
        begin_to_beat(conn, router, {"router": "Kafka is away"}, NOON)
        assert not a_router_works(conn, NOON)
    idle = Unrouted(lost, AFTER, is_routed=lambda conn: a_router_works(conn, NOON))
    assert in_minutes(lost, idle, 600) == []
    with lost.begin() as conn:
        beat(conn, router.name, "router", None, NOON)
    assert in_minutes(lost, idle, 601) == [601]
