"""A store, once on SQLite and once on PostgreSQL, and a project of graphs."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gate_store.database import open_store
from stream_apps.resumer.time_limit import TimeLimit
from tests.resumer.stage import Stage
from tests.stores import migrated


@pytest.fixture
def stage(store_url: str, happened: Callable[[], list[str]]) -> Iterator[Stage]:
    migrated(store_url)
    engine = open_store(store_url)
    yield Stage(store_url, engine)
    engine.dispose()


@pytest.fixture
def happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What the effects of the graphs have written, in this process and its children."""
    path = tmp_path / "effects.log"
    monkeypatch.setenv("EFFECTS_LOG", str(path))
    return lambda: path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def overrun(happened: Callable[[], list[str]], monkeypatch: pytest.MonkeyPatch) -> None:
    """A run's time limit passes as soon as an effect of it has begun, however slow the machine is."""
    real = TimeLimit.of

    def begun() -> int:
        return sum(not line.startswith("end") for line in happened())

    async def pass_once_begun(timer: asyncio.Timeout, before: int) -> None:
        while begun() == before:  # noqa: ASYNC110 - a file tells it
            await asyncio.sleep(0.02)
        timer.reschedule(asyncio.get_running_loop().time())

    @asynccontextmanager
    async def of(self: TimeLimit, seconds: float) -> AsyncIterator[asyncio.Timeout]:
        async with real(self, seconds) as timer:
            passing = asyncio.create_task(pass_once_begun(timer, begun()))
            try:
                yield timer
            finally:
                passing.cancel()

    monkeypatch.setattr(TimeLimit, "of", of)
