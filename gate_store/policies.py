"""The catalogues that plans are judged by, kept whole under their digests, so that an audit can read them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from gate_events.ids import derived
from gate_events.records import PolicyKept
from gate_store import outbox
from gate_store.bulk import insert_new
from gate_store.dialects import among, lock_names
from gate_store.plain_text import storable
from gate_store.tables import policies


def keep_policy(conn: Connection, digest: str, text: str, by: str, now: datetime) -> bool:
    """Keep a catalogue before anything is judged by it; who came first stays as its finder.

    True: it is new, and its topic hears of it: a change of the catalogue is an event with who and when.
    """
    if digest in kept_policies(conn, [digest]):
        return False
    event_id = derived("policy", digest)
    lock_names(conn, [event_id])
    if digest in kept_policies(conn, [digest]):  # another process was faster
        return False
    kept = PolicyKept(event_id=event_id, digest=digest, text=storable(text), first_seen=now, by=by)
    row = {"digest": digest, "text": kept.text, "first_seen": now, "by": by}
    insert_new(conn, policies, [row], "digest")
    outbox.put(conn, [kept], now)
    return True


def kept_policies(conn: Connection, digests: Collection[str]) -> frozenset[str]:
    """Those of these digests whose catalogue is kept."""
    if not digests:
        return frozenset()
    query = select(policies.c.digest).where(among(conn, policies.c.digest, digests))
    return frozenset(conn.execute(query).scalars())
