"""What a flood of plans costs, and two gatekeepers that count at once."""

import threading
from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import Connection, Engine, event, func, select

from gate_events.values import Agent
from gate_store.database import open_store
from gate_store.queued_plans import as_which_asked
from gate_store.tables import gates, queued_plans
from stream_apps.gatekeeper import queue_turns
from stream_apps.gatekeeper.queue import next_in_queue
from stream_apps.gatekeeper.queue_turns import QueueTurns
from stream_apps.gatekeeper.take_claims import Taken, take_queued
from tests.claims.test_open_gates import TWO, asked, close, commit, open_plans, plan, tick
from tests.store.examples import NOON
from tests.store.turns import blocked, holding
from tests.stores import migrated


def statements(conn: Connection, numbers: range) -> int:
    said: list[str] = []

    def note(*given: object) -> None:
        said.append(str(given[2]))

    event.listen(conn, "before_cursor_execute", note)
    commit(conn, *(asked(plan(number)) for number in numbers))
    event.remove(conn, "before_cursor_execute", note)
    return len(said)


def test_a_flood_asks_the_store_no_more_often_the_longer_it_is(conn: Connection) -> None:
    commit(conn, *(asked(plan(number)) for number in range(3)))
    first = statements(conn, range(10, 20))
    statements(conn, range(20, 520))
    assert statements(conn, range(520, 530)) == first == statements(conn, range(600, 650))


def test_whose_turn_it_is_costs_as_much_however_many_wait(conn: Connection) -> None:
    read: list[int] = []
    event.listen(conn, "before_cursor_execute", lambda *_: read.append(1))
    costs = []
    for number, newer in enumerate((range(6), range(6, 500))):
        commit(conn, *(asked(plan(each)) for each in newer))
        close(conn, number)
        read.clear()
        tick(conn)
        costs.append(len(read))
    assert costs[0] == costs[1]
    waits = conn.execute(select(func.count()).select_from(queued_plans)).scalar_one()
    assert waits == 500 - 2 - 2


def test_a_plan_that_cannot_be_asked_about_holds_up_no_other(
    store: Engine, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """There is room for one, and it is the first in the queue."""
    flood = [asked(plan(number)) for number in range(5)]
    with store.begin() as conn:
        commit(conn, *flood)
        close(conn, 0)
    odd, faulty = as_which_asked(flood[2]), True

    def take(conn: Connection, turns: Collection[UUID], *more: Any) -> Taken:
        if faulty and odd in turns:
            raise ValueError("odd")
        return take_queued(conn, turns, *more)

    monkeypatch.setattr(queue_turns, "take_queued", take)
    turns = QueueTurns(store, TWO)
    for minutes, then_open in ((0, ["1"]), (0, ["1", "3"]), (2, ["1", "3"])):
        turns.take(NOON + timedelta(minutes=minutes))
        with store.begin() as conn:
            assert open_plans(conn) == then_open
    assert caplog.text.count(f"as {odd} cannot be") == 1
    faulty = False
    with store.begin() as conn:
        close(conn, 1)
    turns.take(NOON + timedelta(minutes=2))
    with store.begin() as conn:
        assert open_plans(conn) == ["2", "3"]


def test_whose_turn_it_is_costs_as_much_however_many_agents_somebody_invents(conn: Connection) -> None:
    read: list[int] = []

    def cost(names: range) -> int:
        flood = (
            plan(f"{name}-{nth}", agent=Agent(name=f"agent {name}")) for name in names for nth in range(3)
        )
        commit(conn, *map(asked, flood))
        read.clear()
        assert next_in_queue(conn, TWO.limits, 500) == []
        return len(read)

    event.listen(conn, "before_cursor_execute", lambda *_: read.append(1))
    assert cost(range(3)) == cost(range(3, 60))


@pytest.fixture
def shared(postgres_url: str) -> Iterator[Engine]:
    migrated(postgres_url)
    engine = open_store(postgres_url, pool_size=10)
    yield engine
    engine.dispose()


def test_two_gatekeepers_open_no_more_gates_than_one(shared: Engine) -> None:
    """Each counts while the other has not committed yet; on PostgreSQL, since SQLite has one writer."""
    counted = threading.Event()

    def first() -> None:
        def other_waits() -> bool:
            counted.set()
            return blocked(shared) == 1

        with holding(shared, ["INSERT INTO queued_plans"], other_waits) as conn:
            commit(conn, *(asked(plan(number)) for number in range(3)))

    def second() -> None:
        counted.wait(60)
        with shared.begin() as conn:
            commit(conn, *(asked(plan(number)) for number in range(3, 6)))

    with ThreadPoolExecutor(2) as pool:
        for each in (pool.submit(first), pool.submit(second)):
            each.result(60)
    with shared.begin() as conn:
        open_ = select(func.count()).select_from(gates).where(gates.c.state == "PENDING")
        waits = select(func.count()).select_from(queued_plans)
        assert (conn.execute(open_).scalar_one(), conn.execute(waits).scalar_one()) == (2, 4)


def test_two_gatekeepers_whose_clocks_tick_at_once_ask_each_plan_once(shared: Engine) -> None:
    with shared.begin() as conn:
        commit(conn, *(asked(plan(number)) for number in range(5)))
        close(conn, 0)

    def ticks() -> None:
        with shared.begin() as conn:
            tick(conn)

    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(ticks) for _ in range(4)]:
            each.result(60)
    with shared.begin() as conn:
        waits = select(func.count()).select_from(queued_plans)
        assert conn.execute(waits).scalar_one() == 2
