"""The engine's store, once on SQLite and once on PostgreSQL."""

from collections.abc import AsyncIterator

import pytest

from gate_store.database import open_store
from gate_store.engine.open import open_engine_store
from gate_store.engine.port import EngineStore
from tests.engine.scene import Scene
from tests.stores import migrated


async def _scene(url: str) -> AsyncIterator[Scene]:
    migrated(url)
    store = open_store(url)
    yield Scene(store, url)
    store.dispose()


@pytest.fixture
async def scene(store_url: str) -> AsyncIterator[Scene]:
    async for made in _scene(store_url):
        yield made


@pytest.fixture
async def postgres_scene(postgres_url: str) -> AsyncIterator[Scene]:
    async for made in _scene(postgres_url):
        yield made


@pytest.fixture
async def engine(scene: Scene) -> AsyncIterator[EngineStore]:
    store = open_engine_store(scene.url)
    await store.open()
    yield store
    await store.close()


@pytest.fixture
async def other_engine(scene: Scene) -> AsyncIterator[EngineStore]:
    store = open_engine_store(scene.url)
    await store.open()
    yield store
    await store.close()
