"""Which READY runs may be claimed at a moment, as values of the statements in claim_sql."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gate_store.engine.port import Served
from gate_store.engine.sqlite.moments import moment_text
from gate_store.plain_text import storable


@dataclass(frozen=True, slots=True)
class Which:
    """Those that are ready `now` and `served` here, or that nobody has served for too long. None: all."""

    now: datetime
    served: Served | None
    held: Sequence[str] = ()  # action types that are stopped here alone

    def values(self) -> dict[str, Any]:
        """The parameters `now`, `served`, `held` and `stale`."""
        both = {"now": moment_text(self.now), "held": json.dumps([storable(each) for each in self.held])}
        if self.served is None:
            return {**both, "served": None, "stale": None}
        return {
            **both,
            "served": json.dumps(self.served.marks()),
            "stale": moment_text(self.now - timedelta(seconds=self.served.stale_after_s)),
        }
