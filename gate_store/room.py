"""How much may wait in the store for what has not come. Whose it is nobody can know before that is there.

The first that came stay. What is beyond is refused, so that whoever writes on a topic can neither fill the
store nor make what it waits for too much to be taken at once.
"""

from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, case, func

from gate_store.dialects import octets

SMALL = 16_384
"""Bytes of a record, as JSON, that needs no more than a place."""
LARGE_ONES = 16_777_216
"""Bytes of all others together: four of the largest (`largest_record_bytes`), so one statement takes them."""


@dataclass(frozen=True, slots=True)
class Room:
    """How many records may wait for one thing, and how many of them by one name, where names are told."""

    records: int
    by_name: int = 0


DECISIONS = Room(1_000, by_name=100)
"""For one gate: an honest one gets a handful early, by people who each say one thing."""
OUTCOMES = Room(100)
"""Of one plan: an honest one has one for each revision and attempt."""
REVISIONS = Room(100)
"""Of one plan: an honest one is a few ahead on one of two topics. Each is a turn of its own."""


def large(conn: Connection, column: ColumnElement[Any]) -> ColumnElement[int]:
    """The bytes that a stored record counts beside its place."""
    size = octets(conn, column)
    return func.coalesce(func.sum(case((size > SMALL, size), else_=0)), 0)


@dataclass(slots=True)
class Waiting:
    """What waits by now, by what it waits for."""

    room: Room
    _records: Counter[Hashable] = field(default_factory=Counter)
    _by_name: Counter[tuple[Hashable, str | None]] = field(default_factory=Counter)
    _bytes: Counter[Hashable] = field(default_factory=Counter)
    _bytes_by_name: Counter[tuple[Hashable, str | None]] = field(default_factory=Counter)

    def note(self, key: Hashable, name: str | None, records: int, large_bytes: int) -> None:
        """So many wait for `key`, by `name`."""
        self._records[key] += records
        self._by_name[key, name] += records
        self._bytes[key] += large_bytes
        self._bytes_by_name[key, name] += large_bytes

    def objection(self, key: Hashable, name: str | None, record: Any) -> str | None:
        """Why this record may not wait, too; None: it may, and is noted. One name has half of the bytes."""
        size = len(msgspec.json.encode(record))
        size = size if size > SMALL else 0
        if self._records[key] >= self.room.records or (size and self._bytes[key] + size > LARGE_ONES):
            return "as much waits for it already as is kept"
        mine = (key, name)
        if name is not None and (
            self._by_name[mine] >= self.room.by_name
            or (size and self._bytes_by_name[mine] + size > LARGE_ONES / 2)
        ):
            return "as much of one name waits for it already as is kept"
        self.note(key, name, 1, size)
        return None
