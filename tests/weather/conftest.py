"""A graph whose effects leave a trace, and a disk to fill."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.services import own_folder, required
from tests.weather.refusals import Database
from tests.weather.small_disk import SmallDisk, small_disk


@pytest.fixture
def happened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """What the effects of the graphs have written, in this process and its children."""
    path = tmp_path / "effects.log"
    monkeypatch.setenv("EFFECTS_LOG", str(path))
    return lambda: path.read_text().splitlines() if path.exists() else []


@pytest.fixture
def disk() -> Iterator[SmallDisk]:
    """A file system of its own that holds a PostgreSQL and little more."""
    with own_folder() as folder, required(), small_disk(folder, "100m") as disk:
        yield disk


@pytest.fixture
def database(postgres_url: str) -> Iterator[Database]:
    database = Database(postgres_url)
    yield database
    database.cut()
    database.say("REASSIGN OWNED BY {role} TO postgres")
    database.say("DROP OWNED BY {role}")
    database.say("DROP ROLE {role}")
