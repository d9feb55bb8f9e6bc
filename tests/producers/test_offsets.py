"""How far a service has read: whoever begins anew begins with what is not done."""

from types import SimpleNamespace
from typing import Any

from producers.offsets import Offsets


def record(offset: int) -> Any:
    return SimpleNamespace(topic=lambda: "verdicts", partition=lambda: 0, offset=lambda: offset)


def read(*offsets: int) -> Offsets:
    known = Offsets()
    for offset in offsets:
        known.handed_out(record(offset))
    return known


def after(offsets: Offsets, offset: int) -> int | None:
    done = offsets.done(record(offset))
    return int(done.offset) if done else None


def test_what_is_done_in_order_is_counted_as_read() -> None:
    offsets = read(3, 4)
    assert [after(offsets, 3), after(offsets, 4)] == [4, 5]


def test_what_is_done_behind_something_open_is_read_again_until_that_is_done() -> None:
    offsets = read(3, 4, 7)
    assert [after(offsets, 7), after(offsets, 4), after(offsets, 3)] == [None, None, 8]


def test_a_partition_that_is_given_anew_begins_with_what_was_not_done() -> None:
    offsets = read(3, 4)
    assert after(offsets, 4) is None
    offsets.forget({("verdicts", 0)})
    offsets.handed_out(record(3))
    assert after(offsets, 3) == 4
