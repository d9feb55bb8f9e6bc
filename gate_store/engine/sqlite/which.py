"""Which READY runs may be claimed at a moment, as values of the statements in claim_sql."""

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from gate_store.engine.port import Served
from gate_store.engine.sqlite.moments import moment_text


@dataclass(frozen=True, slots=True)
class Which:
    """Those that are ready `now` and `served` here, or that nobody has served for too long. None: all."""

    now: datetime
    served: Served | None

    def values(self) -> dict[str, Any]:
        """The parameters `now`, `served` and `stale`."""
        if self.served is None:
            return {"now": moment_text(self.now), "served": None, "stale": None}
        return {
            "now": moment_text(self.now),
            "served": json.dumps(self.served.marks()),
            "stale": moment_text(self.now - timedelta(seconds=self.served.stale_after_s)),
        }
