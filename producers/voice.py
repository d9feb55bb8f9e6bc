"""What speaks for a producer: `KafkaProducer`, or anything else that delivers records."""

from typing import Any, Protocol


class Voice(Protocol):
    """Delivers a record durably."""

    def send(self, record: Any) -> None:
        """Return when the record is delivered; raise where it is not."""
