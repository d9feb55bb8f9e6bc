"""A migrated store, on SQLite and on PostgreSQL."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, Engine

from gate_store.database import open_store
from gate_store.migrate import upgrade


@pytest.fixture
def store(store_url: str) -> Iterator[Engine]:
    upgrade(store_url)
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture
def conn(store: Engine) -> Iterator[Connection]:
    """A transaction of the test's own, undone at its end."""
    with store.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
