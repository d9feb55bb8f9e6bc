"""What was sent to Kafka and is not confirmed yet; an outage is said once, and so is its end."""

import logging
import time
from typing import Any, Protocol

_log = logging.getLogger("plangate.producer")

# librdkafka tries for ever, and in silence, what a broker refuses for lack of replicas or of a leader.
QUIET_S = 5.0


class Sent(Protocol):
    """A record on its way."""

    topic: str


class Unconfirmed:
    """The records on their way, the oldest first."""

    def __init__(self, quiet_s: float = QUIET_S) -> None:
        self._quiet_s = quiet_s
        self._since: dict[Sent, float] = {}
        self._refused: set[Sent] = set()
        self.lasts = False  # an outage does

    def __len__(self) -> int:
        return len(self._since)

    def sent(self, record: Sent) -> None:
        """It is on its way."""
        self._since[record] = time.monotonic()

    def refused(self, record: Sent, why: str) -> None:
        """It did not go through this time, and is tried again."""
        self._refused.add(record)
        self._begin(record, why)

    def settled(self, record: Sent) -> None:
        """Nothing is to be tried any more."""
        self._since.pop(record, None)
        self._refused.discard(record)

    def look(self) -> None:
        """Say what there is to say; to be called now and then."""
        oldest = next(iter(self._since), None)
        if oldest is not None and time.monotonic() - self._since[oldest] > self._quiet_s:
            self._begin(oldest, f"no answer for {self._quiet_s:g} s")
        elif self.lasts and not self._refused:
            self.lasts = False
            _log.warning("Kafka takes records again")

    def _begin(self, record: Any, why: str) -> None:
        if not self.lasts:
            _log.warning(
                "Kafka does not take records of topic %s: %s; %d wait and are tried on; look at the brokers' "
                "disks, at min.insync.replicas against the brokers that are up, and at this user's rights "
                "(`plangate topics acls`)",
                record.topic,
                why,
                len(self),
            )
        self.lasts = True
