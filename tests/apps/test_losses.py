"""A database that falls silent: waited out for ever, unless it does so for one batch alone."""

import asyncio
from collections.abc import Iterator
from contextlib import suppress
from types import SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import OperationalError

from gate_events.records import ApprovalRequested
from gate_store.database import open_store
from gate_store.tables import gates
from stream_apps.gatekeeper import gatekeeping
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.gatekeeper.gatekeeping import Bells, Gatekeeping, StoreThread
from stream_apps.progress import Progress
from tests.claims.gate import CATALOGUE, asked, proposed, step
from tests.store.examples import NOON
from tests.stores import migrated


@pytest.fixture
def store(sqlite_url: str) -> Iterator[Engine]:
    migrated(sqlite_url)
    opened = open_store(sqlite_url)
    yield opened
    opened.dispose()


def questions(count: int) -> list[ApprovalRequested]:
    return [asked(proposed(step("pay"), name=number)) for number in range(count)]


class Scene:
    """A gatekeeper, and a database that falls silent `times` where a batch has one of `poison` in it."""

    def __init__(self, store: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
        self.store = store
        self.poison: set[Any] = set()
        self.times = 1_000_000
        self.sqlstate: str | None = None
        self.buried: list[tuple[Any, str]] = []
        self.acked: list[Any] = []
        monkeypatch.setattr(gatekeeping, "commit_batch", self.commit)
        config: Any = SimpleNamespace(
            catalogue=CATALOGUE, clock=lambda: NOON, dating_tolerance_s=300.0, topic_prefix="", tracers={}
        )
        letters: Any = SimpleNamespace(
            bury=lambda received, why, _reason: self.buried.append((received.event_id, why))
        )
        decoder: Any = None
        self.thread = StoreThread(store, Progress())
        self.gatekeeping = Gatekeeping(
            config, self.thread, decoder, letters, Bells(lambda: None, lambda: None)
        )

    def commit(self, conn: Any, records: Any, *rest: Any) -> Any:
        if self.times and self.poison & {each.event_id for each in records}:
            self.times -= 1
            silent = Exception("server closed the connection unexpectedly")
            silent.sqlstate = self.sqlstate  # type: ignore[attr-defined] # as the drivers do
            raise OperationalError("INSERT", {}, silent, connection_invalidated=True)
        return commit_batch(conn, records, *rest)

    async def handle(self, records: list[ApprovalRequested]) -> None:
        await self.gatekeeping._commit([(self._received(each), each) for each in records])

    def _received(self, record: Any) -> Any:
        def ack() -> None:
            self.acked.append(record.event_id)

        return SimpleNamespace(
            event_id=record.event_id,
            appended_at=None,
            ack=ack,
            headers=[],
            is_traced=False,
            describe=lambda _about: None,
        )

    async def others(self) -> None:
        """What else the gatekeeper commits."""
        while True:
            await self.thread.do(lambda: None)
            await asyncio.sleep(0.01)

    def asked(self) -> int:
        with self.store.connect() as conn:
            return len(conn.execute(select(gates)).all())


@pytest.fixture
def scene(store: Engine, monkeypatch: pytest.MonkeyPatch) -> Scene:
    return Scene(store, monkeypatch)


async def test_a_record_for_which_alone_the_database_falls_silent_holds_up_no_other(scene: Scene) -> None:
    requests = questions(8)
    scene.poison = {requests[5].event_id}
    others = asyncio.create_task(scene.others())
    await asyncio.wait_for(scene.handle(requests), 60)
    others.cancel()
    with suppress(asyncio.CancelledError):
        await others
    [(buried, why)] = scene.buried
    assert buried == requests[5].event_id
    assert "the database fell silent 5 times in the middle of it" in why
    assert (len(scene.acked), scene.asked()) == (7, 7)


async def test_what_a_database_loses_for_all_is_waited_out_and_buries_nothing(scene: Scene) -> None:
    [request] = questions(1)
    scene.poison, scene.times = {request.event_id}, 6
    await asyncio.wait_for(scene.handle([request]), 60)
    assert (scene.buried, scene.asked()) == ([], 1)


async def test_a_database_that_says_why_it_goes_is_waited_out_whatever_else_it_does(scene: Scene) -> None:
    requests = questions(2)
    scene.poison, scene.times, scene.sqlstate = {requests[0].event_id}, 6, "57P01"
    others = asyncio.create_task(scene.others())
    await asyncio.wait_for(scene.handle(requests), 60)
    others.cancel()
    with suppress(asyncio.CancelledError):
        await others
    assert (scene.buried, scene.asked(), len(scene.acked)) == ([], 2, 2)
