"""A pooler (pgbouncer and its like) between us and PostgreSQL may lend one backend to many of its clients.

LISTEN, settings, prepared statements and the lock of an upgrade belong to a session, and are lost then.
"""

from functools import lru_cache
from typing import Any

import psycopg

from gate_store.postgres.address import Address
from gate_store.postgres.errors import UnfitStoreError

ROUNDS = 5  # others may have taken the backend just when we looked


@lru_cache(maxsize=8)
def must_keep_sessions(address: Address) -> None:
    """Look once, over two connections, whether each keeps its backend. Raises UnfitStoreError."""
    if _lends(address):
        raise UnfitStoreError(
            "a pooler lends the connections of PostgreSQL to one transaction at a time",
            "set its pool_mode to session for this database and role, or name PostgreSQL itself",
        )


def _lends(address: Address) -> bool:
    conninfo = address.conninfo("plangate: looking at the pooler")
    with _open(conninfo) as one, _open(conninfo) as other:
        return any(_shared(one, other) for _ in range(ROUNDS))


def _open(conninfo: str) -> psycopg.Connection[Any]:
    return psycopg.connect(conninfo, autocommit=True, prepare_threshold=None)


def _shared(one: psycopg.Connection[Any], other: psycopg.Connection[Any]) -> bool:
    """Whether the other gets the backend of the first, or the first another than before."""
    before = _backend(one)
    try:
        with other.transaction():
            return _backend(other) == before or _backend(one) != before
    except psycopg.errors.ProtocolViolation:  # no transactions at all: one statement at a time
        return True


def _backend(connection: psycopg.Connection[Any]) -> int:
    row = connection.execute("SELECT pg_backend_pid()").fetchone()
    return int(row[0]) if row else 0
