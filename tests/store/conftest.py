"""A migrated store, on SQLite and on PostgreSQL."""

import sqlite3
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import Connection, Engine

from gate_store.database import open_store
from plangate.dev.postgres import PostgresServer
from tests.account import labels, note
from tests.stores import migrated


@pytest.fixture
def store(store_url: str) -> Iterator[Engine]:
    """An empty store for this test alone, which may commit."""
    migrated(store_url)
    engine = open_store(store_url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_sqlite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    """An empty store in which nobody commits."""
    url = f"sqlite:///{tmp_path_factory.mktemp('store') / 'shared.db'}"
    migrated(url)
    engine = open_store(url)
    yield engine
    engine.dispose()


@pytest.fixture(scope="session")
def shared_postgresql(postgres_server: PostgresServer) -> Iterator[Engine]:
    """The same on PostgreSQL."""
    name = f"shared_{uuid4().hex[:12]}"
    url = postgres_server.create_database(name)
    migrated(url)
    engine = open_store(url)
    yield engine
    engine.dispose()
    postgres_server.drop_database(name)


@pytest.fixture(params=["sqlite", "postgresql"])
def conn(request: pytest.FixtureRequest) -> Iterator[Connection]:
    """A transaction of the test's own in an empty store, undone at its end; once on each database."""
    engine: Engine = request.getfixturevalue(f"shared_{request.param}")
    sqlite = f"SQLite {sqlite3.sqlite_version}"
    note(request.node, sqlite if request.param == "sqlite" else labels["postgres_server"])
    with engine.connect() as connection, connection.begin() as transaction:
        yield connection
        transaction.rollback()
