"""Says in the log which gates expired, so that silence is heard of."""

import logging
from collections.abc import Iterable, Sequence

from sqlalchemy import Connection

from gate_events.shown import shown
from gate_events.words import DecisionKind
from gate_store.undecided import Undecided, undecided_by
from stream_apps.gatekeeper.commit import Committed

_log = logging.getLogger("plangate.gatekeeper")
_NAMES = 5  # of those who looked


def ended_undecided(conn: Connection, committed: Committed) -> list[Undecided]:
    """The gates that this commit let expire; a word of the clock that comes once more ends none."""
    expiries = [
        what.decision_id
        for kind, what in committed.decided
        if kind is DecisionKind.EXPIRE and what.open_for is not None
    ]
    return undecided_by(conn, expiries)


def tell(undecided: Iterable[Undecided]) -> None:
    """A line for each, once its transaction is committed."""
    for gate in undecided:
        _log.warning(
            "gate %s (%s, %s) expired undecided after %s: %s",
            gate.gate_id,
            gate.kind,
            gate.tier,
            gate.open_for,
            _looked(gate),
            extra={"gate_id": str(gate.gate_id)},
        )


def _looked(gate: Undecided) -> str:
    if gate.seen:
        return f"seen by {_names(gate.seen)}"
    delivered = (
        f"delivered to {_names(gate.delivered)}, and" if gate.delivered else "delivered to nobody, and"
    )
    return f"{delivered} seen by nobody who said so"


def _names(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMES} more" if len(names) > _NAMES else ""
    return ", ".join(map(shown, names[:_NAMES])) + more
