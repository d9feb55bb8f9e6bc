"""Group commit: each act gets its own answer, also where the connection drops."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import pytest

from gate_store.engine.port import Act, FateUnknownError, FenceLostError, Refusal
from stream_apps.resumer.commits import Commits


class Flushes:
    """The part of the port that Commits uses, with faults to order."""

    def __init__(self) -> None:
        self.flushed: list[list[str]] = []
        self.gate = asyncio.Event()
        self.gate.set()
        self.lost: set[str] = set()
        self.breaks: list[bool] = []  # per flush to come that breaks: whether its commit came through
        self.fault: Exception | None = None
        self.durable: list[str] = []
        self.silent = 0

    async def flush(self, acts: Sequence[Act]) -> list[Refusal | None]:
        await self.gate.wait()
        names = [act.thread_id for act in acts]
        self.flushed.append(names)
        if self.fault is not None:
            raise self.fault
        committed = self.breaks.pop(0) if (breaks := bool(self.breaks)) else True
        if committed:
            self.durable += [name for name in names if name not in self.lost]
        if breaks:
            raise FateUnknownError(ConnectionError("cut"))
        return [FenceLostError(name, 1) if name in self.lost else None for name in names]

    async def fate(self, act: Act) -> bool:
        if self.silent:
            self.silent -= 1
            raise ConnectionError("still down")
        return act.thread_id in self.durable


@pytest.fixture
def store() -> Flushes:
    return Flushes()


@pytest.fixture
async def commits(store: Flushes) -> AsyncIterator[Commits]:
    commits = Commits(store, pause_s=0.001)  # type: ignore[arg-type]
    commits.start()
    yield commits
    await commits.close(5)


async def test_what_queues_up_while_a_flush_is_under_way_goes_down_together(
    store: Flushes, commits: Commits
) -> None:
    store.gate.clear()
    first = commits.submit(Act("a", 1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [commits.submit(Act(name, 1)) for name in "bc"]
    store.gate.set()
    await asyncio.gather(first, *others)
    assert store.flushed == [["a"], ["b", "c"]]


async def test_only_the_act_that_lost_its_fence_fails(store: Flushes, commits: Commits) -> None:
    store.lost = {"b"}
    acts = [commits.submit(Act(name, 1)) for name in "abc"]
    results = await asyncio.gather(*acts, return_exceptions=True)
    assert [type(result) for result in results] == [type(None), FenceLostError, type(None)]


@pytest.mark.parametrize(("committed", "flushes"), [(True, 1), (False, 2)])
async def test_an_unknown_fate_is_looked_up_before_anything_is_written_again(
    store: Flushes, commits: Commits, committed: bool, flushes: int
) -> None:
    store.breaks, store.silent = [committed], 3
    await commits.submit(Act("a", 1))
    assert store.durable == ["a"]
    assert len(store.flushed) == flushes


async def test_a_fault_of_ours_reaches_the_runs_and_the_flusher_goes_on(
    store: Flushes, commits: Commits
) -> None:
    store.fault = TypeError("no such shape")
    with pytest.raises(TypeError, match="no such shape"):
        await commits.submit(Act("a", 1))
    store.fault = None
    await commits.submit(Act("b", 1))
    assert store.durable == ["b"]


async def test_a_store_that_is_gone_holds_up_no_end(store: Flushes, commits: Commits) -> None:
    store.gate.clear()
    under_way = commits.submit(Act("a", 1))
    await asyncio.sleep(0)
    waiting = commits.submit(Act("b", 1))
    async with asyncio.timeout(60):
        await commits.close(0.01)
    assert not under_way.done()
    assert not waiting.done()
    assert store.durable == []
