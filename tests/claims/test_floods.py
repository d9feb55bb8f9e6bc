"""What a flood of plans costs, and two gatekeepers that count at once."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Connection, Engine, event, func, select

from gate_store.database import open_store
from gate_store.tables import gates, queued_plans
from tests.claims.test_open_gates import asked, close, commit, plan, tick
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
    commit(conn, *(asked(plan(number)) for number in range(500)))
    read: list[int] = []
    event.listen(conn, "before_cursor_execute", lambda *_: read.append(1))
    for number in range(3):
        close(conn, number)
        read.clear()
        tick(conn)
        read.append(len(read))
    waits = conn.execute(select(func.count()).select_from(queued_plans)).scalar_one()
    assert waits == 500 - 2 - 3


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
