"""A decision, and the moment by which it counts: the broker's, which its writer cannot choose."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Row

from gate_events.records import DecisionMade
from gate_store.dialects import read, whole
from gate_store.tables import decisions

AS_SAID = (whole(decisions.c.record).label("record"), decisions.c.said_at, decisions.c.recorded_at)
"""The columns of `as_said`."""

TOLERANCE = timedelta(minutes=5)  # how far a decision's own date may be from the broker's


@dataclass(frozen=True, slots=True)
class Said:
    """A decision as it came: `misdated` says why its own date cannot be; nothing counts of it then."""

    decision: DecisionMade
    moment: datetime
    misdated: str = ""

    @property
    def as_it_counts(self) -> DecisionMade:
        """The decision dated by the moment by which it counts: deadline and use-by go by that."""
        return msgspec.structs.replace(self.decision, decided_at=self.moment)


def said(
    decision: DecisionMade, now: datetime, appended_at: datetime | None, tolerance: timedelta = TOLERANCE
) -> Said:
    """A decision that the broker appended at `appended_at`, or, where the broker does not say, seen at `now`.

    Where it does not say, the earlier of the decision's own date and its first sight counts.
    """
    if appended_at is None:
        return Said(decision, min(decision.decided_at, now))
    if abs(decision.decided_at - appended_at) <= tolerance:
        return Said(decision, appended_at)
    dates = f"it is dated {decision.decided_at.isoformat()}, but came at {appended_at.isoformat()}"
    return Said(
        decision, appended_at, f"{dates}: more than {tolerance} apart; set the clock and decide again"
    )


def dated(moment: datetime, heard_at: datetime, tolerance: timedelta = TOLERANCE) -> datetime:
    """When what a record dates happened: where that cannot be, when the record was heard of."""
    return moment if abs(moment - heard_at) <= tolerance else heard_at


def as_said(row: Row[*tuple[Any, ...]]) -> Said:
    """A recorded decision, from a row with AS_SAID; the version before noted no moment of the broker's."""
    decision = read(row.record, DecisionMade)
    if row.said_at is None:
        return said(decision, row.recorded_at, None)
    return Said(decision, row.said_at)
