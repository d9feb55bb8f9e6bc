"""How far the runs of a laboratory have come, as the store tells."""

from dataclasses import dataclass

from sqlalchemy import Engine, func, select
from sqlalchemy.exc import DBAPIError

from gate_store.tables import decisions, gates, outbox, runs
from plangate.torture.liars.lie import LIAR

AT_REST = ("DONE", "FAILED", "STALE")


@dataclass(frozen=True)
class Tally:
    """Counts of what is there and of what is still to come."""

    at_rest: int = 0
    under_way: int = 0
    open_gates: int = 0
    waiting_decisions: int = 0
    in_outbox: int = 0
    unread: int = 0

    def awaited(self, expected: int) -> list[str]:
        """What still has to happen, in words; nothing where all is over."""
        counts = {
            "runs": max(self.under_way, expected - self.at_rest),
            "open gates": self.open_gates,
            "decisions that wait": self.waiting_decisions,
            "records in the outbox": self.in_outbox,
            "offsets to be read": self.unread,
        }
        return [f"{count} {what}" for what, count in counts.items() if count]


def look(store: Engine, prefix: str) -> Tally | None:
    """Where things stand; None while the store is away."""
    mine = runs.c.thread_id.startswith(prefix)
    rest = runs.c.status.in_(AT_REST)
    try:
        with store.connect() as conn:
            return Tally(
                *(
                    conn.execute(select(func.count()).select_from(table).where(*which)).scalar_one()
                    for table, which in (
                        (runs, (mine, rest)),
                        (runs, (mine, ~rest)),
                        (gates, (gates.c.state == "PENDING",)),
                        (decisions, (decisions.c.disposition == "WAITING", decisions.c.decided_by != LIAR)),
                        (outbox, ()),
                    )
                )
            )
    except DBAPIError:
        return None
