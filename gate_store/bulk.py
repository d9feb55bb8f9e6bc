"""Many rows in one statement, which is built once for each shape of rows.

PostgreSQL gets them as one JSON text (`json_to_recordset`): a statement a row costs three times as much, and
psycopg writes arrays in Python. SQLite, which has no round trips, gets an executemany. Rows of many bytes
go in several statements: PostgreSQL parses a text whole, and dies of one that is too long for its memory.
"""

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, cast

import msgspec
from sqlalchemy import (
    Column,
    ColumnElement,
    Connection,
    Executable,
    LargeBinary,
    Table,
    Text,
    bindparam,
    column,
    delete,
    func,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite

from gate_store.dialects import on_postgres

Rows = Sequence[dict[str, Any]]

_MOST_BYTES = 16_777_216  # of one text, where a row is not longer by itself


def insert_new(conn: Connection, table: Table, rows: Rows, *key: str) -> None:
    """Insert rows, leaving those alone whose `key` is there already."""
    if rows:
        _execute(conn, _new(table, tuple(rows[0]), key, on_postgres(conn)), rows)


def upsert(
    conn: Connection,
    table: Table,
    rows: Rows,
    key: str,
    changed: Sequence[str],
    where: ColumnElement[bool] | None = None,
) -> None:
    """Insert rows of distinct keys; where the key is there, set the columns `changed` if `where` holds."""
    if rows:
        fresh = _insert(table, tuple(rows[0]), on_postgres(conn))
        values = {name: fresh.excluded[name] for name in changed}
        either = fresh.on_conflict_do_update(index_elements=[key], set_=values, where=where)
        _execute(conn, either, rows)


def update_rows(
    conn: Connection,
    table: Table,
    rows: Rows,
    key: Sequence[str],
    *guards: ColumnElement[bool],
    **same: ColumnElement[Any],
) -> int:
    """Set the columns of `rows` beside `key`, and `same` in all of them, where the guards hold; how many.

    A key `was_x` is what the column x is before, where the rows change that.
    """
    if not rows:
        return 0
    if on_postgres(conn):
        source = _given(table, tuple(rows[0]))
        values = {name: source[name] for name in rows[0] if name not in key} | same
        matched = [_column(table, name) == source[name] for name in key]
        return _execute(conn, update(table).values(values).where(*matched, *guards), rows)
    matched = [_column(table, name) == bindparam(f"key_{name}") for name in key]
    renamed = [{f"key_{n}" if n in key else n: value for n, value in row.items()} for row in rows]
    return conn.execute(update(table).where(*matched, *guards).values(**same), renamed).rowcount


def delete_rows(conn: Connection, table: Table, rows: Rows) -> None:
    """Delete the rows that have these values."""
    if not rows:
        return
    if on_postgres(conn):
        source = _given(table, tuple(rows[0]))
        matched = [table.c[name] == source[name] for name in rows[0]]
        _execute(conn, delete(table).where(*matched), rows)
    else:
        matched = [table.c[name] == bindparam(f"key_{name}") for name in rows[0]]
        renamed = [{f"key_{name}": value for name, value in row.items()} for row in rows]
        conn.execute(delete(table).where(*matched), renamed)


_once = lru_cache(maxsize=256)  # tables times shapes: some dozens


@_once
def _new(table: Table, names: tuple[str, ...], key: tuple[str, ...], postgres: bool) -> postgresql.Insert:
    return _insert(table, names, postgres).on_conflict_do_nothing(index_elements=list(key))


@_once
def _insert(table: Table, names: tuple[str, ...], postgres: bool) -> postgresql.Insert:
    if not postgres:
        return cast(postgresql.Insert, sqlite.insert(table))  # it knows ON CONFLICT just so
    return postgresql.insert(table).from_select(names, select(*_given(table, names).values()))


def _execute(conn: Connection, statement: Executable, rows: Rows) -> int:
    """Returns how many rows it met."""
    if not on_postgres(conn):
        return conn.execute(statement, rows).rowcount
    return sum(conn.execute(statement, {"rows": text}).rowcount for text in _texts(rows))


@_once
def _given(table: Table, names: tuple[str, ...]) -> dict[str, ColumnElement[Any]]:
    """The columns of the JSON text as a relation."""
    columns = [column(name, _wire(table, name)) for name in names]
    text = sql_cast(bindparam("rows", type_=Text), postgresql.JSON)
    source = func.json_to_recordset(text).table_valued(*columns).render_derived("given", with_types=True)
    return {name: _typed(table, name, source.c[name]) for name in names}


def _texts(rows: Rows) -> Iterator[str]:
    """The rows as JSON: records as they are, moments as ISO text, bytes as base64."""
    part: list[bytes] = []
    size = 0
    for row in rows:
        text = msgspec.json.encode(row)
        if part and size + len(text) > _MOST_BYTES:
            yield _array(part)
            part, size = [], 0
        part.append(text)
        size += len(text)
    yield _array(part)


def _array(rows: Sequence[bytes]) -> str:
    return f"[{b','.join(rows).decode()}]"


def _column(table: Table, name: str) -> Column[Any]:
    return table.c[name.removeprefix("was_")]


def _wire(table: Table, name: str) -> Any:
    kind = _column(table, name).type
    return Text() if isinstance(kind, LargeBinary) else kind


def _typed(table: Table, name: str, given: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.decode(given, "base64") if isinstance(_column(table, name).type, LargeBinary) else given
