"""Many rows in one statement.

PostgreSQL gets them as one JSON text (`json_to_recordset`): a statement a row costs three times as much, and
psycopg writes arrays in Python. SQLite, which has no round trips, gets an executemany.
"""

from collections.abc import Sequence
from typing import Any, cast

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    LargeBinary,
    Table,
    Text,
    bindparam,
    column,
    func,
    select,
    update,
)
from sqlalchemy import cast as sql_cast
from sqlalchemy.dialects import postgresql, sqlite

from gate_store.dialects import on_postgres

Rows = Sequence[dict[str, Any]]


def insert_new(conn: Connection, table: Table, rows: Rows, *key: str) -> None:
    """Insert rows, leaving those alone whose `key` is there already."""
    if rows:
        fresh, parameters = _insert(conn, table, rows)
        conn.execute(fresh.on_conflict_do_nothing(index_elements=list(key)), parameters)


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
        fresh, parameters = _insert(conn, table, rows)
        values = {name: fresh.excluded[name] for name in changed}
        conn.execute(fresh.on_conflict_do_update(index_elements=[key], set_=values, where=where), parameters)


def update_rows(
    conn: Connection,
    table: Table,
    rows: Rows,
    key: Sequence[str],
    *guards: ColumnElement[bool],
    **same: ColumnElement[Any],
) -> int:
    """Set the columns of `rows` beside `key`, and `same` in all of them, where the guards hold; how many."""
    if not rows:
        return 0
    if on_postgres(conn):
        source = _given(table, list(rows[0]))
        values = {name: source[name] for name in rows[0] if name not in key} | same
        matched = [table.c[name] == source[name] for name in key]
        return conn.execute(update(table).values(values).where(*matched, *guards), _as_json(rows)).rowcount
    matched = [table.c[name] == bindparam(f"key_{name}") for name in key]
    renamed = [{f"key_{n}" if n in key else n: value for n, value in row.items()} for row in rows]
    return conn.execute(update(table).where(*matched, *guards).values(**same), renamed).rowcount


def _insert(conn: Connection, table: Table, rows: Rows) -> tuple[postgresql.Insert, Any]:
    if not on_postgres(conn):
        return cast(postgresql.Insert, sqlite.insert(table)), rows  # it knows ON CONFLICT just so
    names = list(rows[0])
    chosen = select(*_given(table, names).values())
    return postgresql.insert(table).from_select(names, chosen), _as_json(rows)


def _given(table: Table, names: Sequence[str]) -> dict[str, ColumnElement[Any]]:
    """The columns of the JSON text as a relation."""
    columns = [column(name, _wire(table, name)) for name in names]
    text = sql_cast(bindparam("rows", type_=Text), postgresql.JSON)
    source = func.json_to_recordset(text).table_valued(*columns).render_derived("given", with_types=True)
    return {name: _typed(table, name, source.c[name]) for name in names}


def _as_json(rows: Rows) -> dict[str, str]:
    """Records as they are, moments as ISO text, bytes as base64."""
    return {"rows": msgspec.json.encode(rows).decode()}


def _wire(table: Table, name: str) -> Any:
    kind = table.c[name].type
    return Text() if isinstance(kind, LargeBinary) else kind


def _typed(table: Table, name: str, given: ColumnElement[Any]) -> ColumnElement[Any]:
    return func.decode(given, "base64") if isinstance(table.c[name].type, LargeBinary) else given
