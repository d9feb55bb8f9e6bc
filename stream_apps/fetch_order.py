"""Notices records that were fetched and never handed out, so that they are fetched again.

Faust drops what its queues hold when partitions move, and seeks back to what is committed; but where a second
rebalance begins during the first, it fetches between the two, drops that as well, and goes on behind it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

_BEGINNING = -1  # nothing was fetched before it


class FetchOrder:
    """Of each partition: which record was fetched before which, and from where on nothing was handed out."""

    def __init__(self) -> None:
        self._refused: set[Any] = set()
        self._newest: dict[Any, int] = {}
        self._wanted: dict[Any, int] = {}
        self._before: dict[Any, dict[int, int]] = {}  # of what is fetched: what was fetched just before it

    def fetched(self, records: Mapping[Any, Sequence[Any]]) -> None:
        """Note a fetch, partition by partition in the log's order."""
        self._before = {}
        for tp, batch in records.items():
            before = self._before[tp] = {}
            for record in batch:
                newest = self._newest.get(tp, record.offset)
                before[record.offset] = newest if newest < record.offset else _BEGINNING
                self._newest[tp] = record.offset
                self._wanted[tp] = min(record.offset, self._wanted.get(tp, record.offset))

    def before(self, tp: Any, offset: int) -> int:
        """The offset that was fetched just before; -1: none, after a seek."""
        return self._before[tp][offset]

    def hand_out(self, tp: Any, offset: int, before: int) -> bool:
        """Whether a record may be handed out; else it comes again, behind what was dropped."""
        wanted = self._wanted.get(tp, offset)
        if before >= wanted:
            self._refused.add(tp)
            return False
        self._wanted[tp] = max(wanted, offset + 1)
        return True

    def dropped(self, *, nothing_waits: bool) -> dict[Any, int]:
        """By partition, from where on to fetch again what was neither handed out nor waits for that."""
        if nothing_waits:
            return {tp: self._wanted[tp] for tp, newest in self._newest.items() if newest >= self._wanted[tp]}
        return {tp: self._wanted[tp] for tp in self._refused}

    def sought(self, tp: Any) -> None:
        """The next fetch begins elsewhere."""
        self._newest.pop(tp, None)
        self._refused.discard(tp)

    def forget(self, tps: Iterable[Any]) -> None:
        """These partitions come, or go: where they go on, what is committed says."""
        for tp in tps:
            self.sought(tp)
            self._wanted.pop(tp, None)
