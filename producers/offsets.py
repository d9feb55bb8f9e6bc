"""How far each partition is read: whoever begins anew begins with what is not done."""

from collections.abc import Iterable

from confluent_kafka import Message, TopicPartition

from producers.dead_letters import place_of

Partition = tuple[str, int]


class Offsets:
    """What was handed out and is not done holds its partition's offset; what is done behind it is read again.

    Not thread-safe.
    """

    def __init__(self) -> None:
        self._open: dict[Partition, set[int]] = {}
        self._stored: dict[Partition, int] = {}
        self._next: dict[Partition, int] = {}

    def handed_out(self, message: Message) -> None:
        """This record is in somebody's hands now."""
        topic, partition, offset = place_of(message)
        self._open.setdefault((topic, partition), set()).add(offset)
        self._stored.setdefault((topic, partition), offset)
        self._next[topic, partition] = offset + 1

    def done(self, message: Message) -> TopicPartition | None:
        """How far the partition is done by now; None: no further than before."""
        topic, partition, offset = place_of(message)
        key = (topic, partition)
        still = self._open.get(key, set())
        still.discard(offset)
        until = min(still, default=self._next.get(key, offset + 1))
        if until <= self._stored.get(key, -1):
            return None
        self._stored[key] = until
        return TopicPartition(topic, partition, until)

    def forget(self, partitions: Iterable[Partition]) -> None:
        """They are given anew, to us or to others, who begin with what is not done."""
        for key in partitions:
            for known in (self._open, self._stored, self._next):
                known.pop(key, None)
