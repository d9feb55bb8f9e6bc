"""What SQLite and PostgreSQL spell differently, and how JSON columns are read into records."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, TypeVar, cast
from uuid import UUID

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    DateTime,
    Interval,
    LargeBinary,
    Table,
    Text,
    any_,
    bindparam,
    func,
    literal,
    null,
    select,
    text,
    type_coerce,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite

from gate_store.tables import UtcMoment

T = TypeVar("T")

_LOCK_EACH = text("SELECT pg_advisory_xact_lock(key) FROM unnest(CAST(:keys AS bigint[])) AS key")


def on_postgres(conn: Connection) -> bool:
    """Whether this connection speaks to PostgreSQL."""
    return conn.dialect.name == "postgresql"


def insert(conn: Connection, table: Table) -> postgresql.Insert:
    """An INSERT that knows ON CONFLICT; both dialects spell it alike."""
    if on_postgres(conn):
        return postgresql.insert(table)
    return cast(postgresql.Insert, sqlite.insert(table))


def whole(column: ColumnElement[Any]) -> ColumnElement[str]:
    """A JSON column as text, for `read`. No JSON operator is ever used: PostgreSQL's fail on \\u0000."""
    return type_coerce(sql_cast(column, Text), Text)


def octets(conn: Connection, column: ColumnElement[Any]) -> ColumnElement[int]:
    """The bytes of a JSON column as text."""
    if on_postgres(conn):
        return func.octet_length(whole(column))
    return func.length(sql_cast(whole(column), LargeBinary))


def read(stored: str, record: type[T]) -> T:
    """A record out of a column selected with `whole`."""
    return msgspec.json.decode(stored, type=record)


def word(value: str) -> ColumnElement[str]:
    """A word as it stands in the statement: as a parameter it hides partial indexes from generic plans."""
    return bindparam(None, value, Text, literal_execute=True)


def among(conn: Connection, column: Column[Any], values: Iterable[Any]) -> ColumnElement[bool]:
    """Whether a column is one of many values: one array on PostgreSQL, where `IN` costs a parameter each."""
    if on_postgres(conn):
        return column == any_(bindparam(None, list(values), postgresql.ARRAY(column.type)))
    return column.in_(list(values))


def lock_names(conn: Connection, *groups: Iterable[UUID]) -> None:
    """Take turns over plans and gates that may not exist yet; held until the transaction ends.

    Who locks several names locks them in one call, or in the order of all: the names of plans, those of
    gates; then rows: gates, clearances, effects, runs. Within each they ascend. What a transaction holds it
    may lock again anywhere. SQLite has one writer at a time anyway.
    """
    if not on_postgres(conn):
        return
    keys = [key for group in groups for key in sorted({one.int % 2**63 for one in group})]
    if keys:
        conn.execute(_LOCK_EACH, {"keys": keys})


def database_now(conn: Connection, now: datetime) -> ColumnElement[datetime]:
    """The moment that leases go by: PostgreSQL's own clock, so that workers need not agree; else `now`."""
    if on_postgres(conn):
        return type_coerce(func.clock_timestamp(), UtcMoment)
    return literal(now, UtcMoment)


def store_moment(conn: Connection, now: datetime) -> datetime:
    """The same, read."""
    return conn.execute(select(database_now(conn, now))).scalar_one() if on_postgres(conn) else now


def login(conn: Connection) -> ColumnElement[Any]:
    """Who works on the store, as PostgreSQL knows its users; SQLite has none."""
    return sql_cast(func.current_user(), Text) if on_postgres(conn) else null()


def lease_end(conn: Connection, now: datetime, lease_s: float) -> ColumnElement[datetime]:
    """When a lease taken now ends."""
    if on_postgres(conn):
        span = bindparam(None, timedelta(seconds=lease_s), Interval)
        return type_coerce(func.clock_timestamp(type_=DateTime(timezone=True)) + span, UtcMoment)
    return literal(now + timedelta(seconds=lease_s), UtcMoment)
