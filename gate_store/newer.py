"""Whether this version can work on a store that a newer one has migrated, as during a rolling deploy."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, Table, inspect

from gate_store.tables import metadata


def objection(conn: Connection) -> str | None:
    """What this version's statements would fail at, in a few words; None: it can work.

    Migrations only add, so that there should be nothing; but what is easily seen need not be believed.
    """
    found = inspect(conn)
    present = set(found.get_table_names())
    for table in metadata.tables.values():
        if table.name not in present:
            return f"it has no table {table.name}"
        columns = {each["name"]: each for each in found.get_columns(table.name)}
        for problem in _problems(table, columns):
            return problem
    return None


def _problems(table: Table, columns: Mapping[str, Any]) -> Iterator[str]:
    for name in table.columns.keys() - columns.keys():
        yield f"{table.name} has no column {name}"
    for name in columns.keys() - table.columns.keys():
        if not columns[name]["nullable"] and columns[name]["default"] is None:
            yield f"{table.name}.{name} must be given, which this version cannot"
