"""A store whose roles are made, for one test and for a module."""

from collections.abc import Iterator

import pytest

from plangate.dev.postgres import PostgresServer
from tests.rights.logins import Logins, logins_on


@pytest.fixture
def logins(postgres_server: PostgresServer) -> Iterator[Logins]:
    with logins_on(postgres_server) as made:
        yield made.ready()


@pytest.fixture(scope="module")
def one_store(postgres_server: PostgresServer) -> Iterator[Logins]:
    """For tests that leave nothing behind."""
    with logins_on(postgres_server) as made:
        yield made.ready()
