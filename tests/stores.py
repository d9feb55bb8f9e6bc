"""Migrated stores for tests: copies of one that each process migrates once."""

from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
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


def _copy_database(url: str) -> None:
    address = urlsplit(url)
    server = address._replace(path="/postgres").geturl()
    template = _migrated_database(server)
    with psycopg.connect(server, autocommit=True) as connection:
        empty, copied = sql.Identifier(address.path.removeprefix("/")), sql.Identifier(template)
        connection.execute(sql.SQL("DROP DATABASE {}").format(empty))
        connection.execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(empty, copied))


@cache
def _migrated_database(server: str) -> str:
    name = f"migrated_{uuid4().hex[:12]}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(sql.SQL("CREATE DATABASE {}").format(sql.Identifier(name)))
    upgrade(urlsplit(server)._replace(path=f"/{name}").geturl())
    return name
