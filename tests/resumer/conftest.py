"""A store, once on SQLite and once on PostgreSQL, and a project of graphs."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from gate_store.database import open_store
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
