"""A migrated store on SQLite and on PostgreSQL, and what happens to undo plans in it."""

import pytest
from sqlalchemy import Engine

from tests.store.conftest import store
from tests.undo.scene import Scene

__all__ = ["scene", "store"]


@pytest.fixture
def scene(store: Engine) -> Scene:
    return Scene(store)
