"""Databases for tests, and migrated stores in them: copies of one that each process migrates once."""

from collections import defaultdict
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import LiteralString
from urllib.parse import urlsplit
from uuid import uuid4

import psycopg
from psycopg import sql

from gate_store.migrate import upgrade
from gate_store.store_url import is_postgres, private_sqlite_path


def migrated(url: str) -> None:
    """What `upgrade` makes of a file that is not there or of an empty database, in a fifth of the time."""
    if is_postgres(url):
        _copy_database(url)
    else:
        file = Path(private_sqlite_path(url))
        assert file.stat().st_size == 0, f"{file} is a store already"
        file.write_bytes(_migrated_file())


@cache
def _migrated_file() -> bytes:
    with TemporaryDirectory() as folder:
        file = Path(folder) / "migrated.db"
        upgrade(f"sqlite:///{file}")
        assert list(file.parent.iterdir()) == [file], "what is in the WAL would not be copied"
        return file.read_bytes()


def empty_database(server: str) -> str:
    """The name of an empty database on this server: one whose place a copy took, or a new one."""
    if spare := _spare[server]:
        return spare.pop()
    name = f"test_{uuid4().hex[:12]}"
    _do(server, "CREATE DATABASE {}", name)
    return name


def drop_database(server: str, name: str) -> None:
    """Drop it if it exists, ending the connections to it."""
    _do(server, "DROP DATABASE IF EXISTS {} WITH (FORCE)", name)


def _copy_database(url: str) -> None:
    address = urlsplit(url)
    server, name = address._replace(path="/postgres").geturl(), address.path.removeprefix("/")
    template = _migrated_database(server)
    spare = f"empty_{uuid4().hex[:12]}"
    _do(server, "ALTER DATABASE {} RENAME TO {}", name, spare)
    _spare[server].append(spare)
    copy: LiteralString = "CREATE DATABASE {} TEMPLATE {}"
    if _connection(server).info.server_version >= 150000:  # before, there was no other way
        copy += " STRATEGY FILE_COPY"  # a third of the work where nothing is synced to the disk
    _do(server, copy, name, template)


# Each empty database that a copy replaced is the next test's.
_spare: defaultdict[str, list[str]] = defaultdict(list)


@cache
def _migrated_database(server: str) -> str:
    name = f"migrated_{uuid4().hex[:12]}"
    _do(server, "CREATE DATABASE {}", name)
    upgrade(urlsplit(server)._replace(path=f"/{name}").geturl())
    return name


def _do(server: str, statement: LiteralString, *names: str) -> None:
    _connection(server).execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


@cache
def _connection(server: str) -> psycopg.Connection:
    return psycopg.connect(server, autocommit=True)
