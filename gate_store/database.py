"""Opens the store for SQLAlchemy: SQLite (WAL) or PostgreSQL, by URL."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import URL, Connection, Engine, ExceptionContext, create_engine, event

from gate_store.postgres import session
from gate_store.postgres.address import Address
from gate_store.postgres.psycopg_client import connect
from gate_store.store_url import is_postgres, private_sqlite_path

_READ_ONLY = "25006"  # SQLSTATE

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The one clock; tests inject another."""
    return datetime.now(UTC)


def open_store(url: str, *, pool_size: int = 5, by_key: bool = False) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`; JSON columns go through msgspec.

    `by_key`: for work that looks all rows up by key. Its statements are planned once, and must not be planned
    to read whole tables because these were small then.
    Connects when it is used. Raises StoreUrlError.
    """
    options: dict[str, Any] = {
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }
    if is_postgres(url):
        return _open_postgres(Address.of(url), session.BY_KEY if by_key else {}, pool_size, options)
    file = URL.create("sqlite", database=private_sqlite_path(url))
    engine = create_engine(file, connect_args={"timeout": 30}, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _open_postgres(
    address: Address, settings: Mapping[str, str], pool_size: int, options: dict[str, Any]
) -> Engine:
    def open_connection(_dialect: object, _record: object, _args: object, adapters: Mapping[str, Any]) -> Any:
        return connect(address, "plangate", settings, **adapters)

    # The URL says no more: connections are made as for every other client.
    postgres = create_engine("postgresql+psycopg://", pool_size=pool_size, pool_pre_ping=True, **options)
    event.listen(postgres, "do_connect", open_connection)
    event.listen(postgres, "handle_error", _give_up_read_only)
    return postgres


def _give_up_read_only(context: ExceptionContext) -> None:
    """A connection to what is a standby now, or was opened under a ban on writing, stays so for good."""
    if getattr(context.original_exception, "sqlstate", None) == _READ_ONLY:
        context.is_disconnect = True


def _prepare_sqlite(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, below
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=30000"):
        connection.execute(f"PRAGMA {pragma}")


def _begin_immediate(connection: Connection) -> None:
    """A transaction that reads and then writes must hold the write lock from its start."""
    connection.exec_driver_sql("BEGIN IMMEDIATE")
