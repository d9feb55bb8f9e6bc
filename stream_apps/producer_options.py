"""What of librdkafka's options is for a producer. Loads no Faust, which resumers do without."""

from collections.abc import Mapping
from typing import Any

_CONSUMERS_ONLY = (
    "group.", "session.timeout.ms", "heartbeat.interval.ms", "max.poll.", "auto.offset.reset", "enable.auto.",
    "auto.commit.", "fetch.", "max.partition.fetch.bytes", "isolation.level", "check.crcs", "queued.",
    "partition.assignment.strategy",
)  # fmt: skip


def producer_options(options: Mapping[str, Any]) -> dict[str, Any]:
    """The options without those that only a consumer understands."""
    return {name: value for name, value in options.items() if not name.startswith(_CONSUMERS_ONLY)}
