"""Opens the store: SQLite (WAL) or PostgreSQL, by URL."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, ExceptionContext, create_engine, event, make_url

CONNECT_S = 10  # psycopg alone would wait for minutes where nobody answers

_READ_ONLY = "25006"  # SQLSTATE

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The one clock; tests inject another."""
    return datetime.now(UTC)


def is_postgres(url: str) -> bool:
    """Whether a store URL names PostgreSQL."""
    return make_url(url).get_backend_name() == "postgresql"


def open_store(url: str, *, pool_size: int = 5, by_key: bool = False) -> Engine:
    """An engine for `sqlite:///file` or `postgresql://…`; JSON columns go through msgspec.

    `by_key`: for work that looks all rows up by key. Its statements are planned once, and must not be planned
    to read whole tables because these were small then.
    """
    parsed = make_url(url)
    options: dict[str, Any] = {
        "json_serializer": lambda value: msgspec.json.encode(value).decode(),
        "json_deserializer": msgspec.json.decode,
    }
    if parsed.get_backend_name() == "postgresql":
        postgres = create_engine(
            parsed.set(drivername="postgresql+psycopg"),
            pool_size=pool_size,
            pool_pre_ping=True,
            connect_args={} if "connect_timeout" in parsed.query else {"connect_timeout": CONNECT_S},
            **options,
        )
        event.listen(postgres, "handle_error", _give_up_read_only)
        if by_key:
            event.listen(postgres, "connect", _plan_by_key)
        return postgres
    engine = create_engine(parsed, connect_args={"timeout": 30}, **options)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_immediate)
    return engine


def _plan_by_key(connection: Any, _record: object) -> None:
    for name in ("jit", "enable_seqscan", "enable_hashjoin", "enable_mergejoin"):
        connection.execute(f"SET {name} = off")
    connection.execute("SET plan_cache_mode = force_generic_plan")
    connection.commit()


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
