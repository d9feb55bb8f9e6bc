"""The first rows of a query, as many as fit into memory: of what waits there may be a lot."""

from typing import Any

from sqlalchemy import Connection, Row, Select

MOST_BYTES = 33_554_432
"""Of what is read at once: eight of the largest records (`largest_record_bytes`)."""
_AT_ONCE = 4  # rows that are fetched; one that is large is beyond MOST_BYTES at worst by these


def first_rows(conn: Connection, query: Select[Any], text: str) -> tuple[list[Row[Any]], bool]:
    """The first rows, until their column `text` has MOST_BYTES; and whether these are all."""
    rows: list[Row[Any]] = []
    size = 0
    with conn.execute(query, execution_options={"yield_per": _AT_ONCE}) as found:
        for row in found:
            if size >= MOST_BYTES:
                return rows, False
            rows.append(row)
            size += len(getattr(row, text))
    return rows, True
