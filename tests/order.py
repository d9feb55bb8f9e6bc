"""The order of the suite: long tests first, so that no process is left alone with one at the end."""

from collections import deque
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def spread(long: Sequence[T], others: Sequence[T], workers: int) -> list[T]:
    """Each of xdist's workers, which get equal parts in this order, begins with a share of `long`."""
    ordered: list[T] = []
    rest, left = deque(others), len(long) + len(others)
    for worker in range(workers):
        first = long[worker::workers]
        size = max(left // (workers - worker), len(first))
        ordered += [*first, *(rest.popleft() for _ in range(min(size - len(first), len(rest))))]
        left -= size
    return ordered
