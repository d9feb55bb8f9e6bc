"""Says once more on Kafka which gates are open, where its log was lost: a broker that keeps it in memory."""

from datetime import datetime

from sqlalchemy import Connection, select

from gate_events.records import ApprovalRequested
from gate_store import outbox
from gate_store.dialects import read, whole, word
from gate_store.tables import gates


def publish_open_gates(conn: Connection, now: datetime) -> int:
    """Put the request of every open gate into the outbox, the oldest first; how many.

    Each is the record that opened its gate, so whoever has it takes it for a redelivery.
    """
    is_open = gates.c.state == word("PENDING")
    found = conn.execute(select(whole(gates.c.request)).where(is_open).order_by(gates.c.requested_at))
    requests = [read(row, ApprovalRequested) for row in found.scalars()]
    outbox.put(conn, requests, now)
    return len(requests)
