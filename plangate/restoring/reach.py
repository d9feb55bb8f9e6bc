"""How far back the gatekeeper must read: to where the restored store knows all that is on the log.

The moment of the backup is a hint alone. The gatekeeper may have been behind then, and who says the moment
may be wrong: so the store is asked which records it knows.
"""

from collections import defaultdict
from collections.abc import Mapping, Sequence

from sqlalchemy import Connection

from gate_events.topics import Topic
from gate_store.known_records import are_known
from plangate.kafka.reading import Span
from plangate.restoring.records import Log

KNOWN_IN_A_ROW = 20  # a record may be on the log twice: one that is known proves little


def known_until(conn: Connection, log: Log, topic: Topic, held: Mapping[int, Span]) -> dict[int, int]:
    """By partition, an offset before which the store knows what stands there."""
    reached: dict[int, int] = {}
    back = KNOWN_IN_A_ROW
    while left := {number: span for number, span in held.items() if number not in reached}:
        looked = {number: (max(span.first, span.start - back), span.start) for number, span in left.items()}
        seen = _seen(conn, log, topic, looked)
        for number, (begin, _) in looked.items():
            end = _end_of_known(seen[number])
            if end is not None or begin == left[number].first:
                reached[number] = begin if end is None else end
        back *= 2
    return reached


def _seen(
    conn: Connection, log: Log, topic: Topic, looked: Mapping[int, tuple[int, int]]
) -> defaultdict[int, list[tuple[int, bool]]]:
    """By partition, in order, the offsets of what can be known, and whether the store knows it."""
    found = list(log.read(topic, looked))
    seen: defaultdict[int, list[tuple[int, bool]]] = defaultdict(list)
    for each, is_known in zip(found, are_known(conn, [each.record for each in found]), strict=True):
        if is_known is not None:
            seen[each.partition].append((each.offset, is_known))
    return seen


def _end_of_known(seen: Sequence[tuple[int, bool]]) -> int | None:
    """The offset behind the last records that the store knows in a row; None: it knows too few."""
    end, in_a_row = None, 0
    for offset, is_known in seen:
        in_a_row = in_a_row + 1 if is_known else 0
        if in_a_row >= KNOWN_IN_A_ROW:
            end = offset + 1
    return end
