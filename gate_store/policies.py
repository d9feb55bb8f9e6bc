"""The catalogues that plans are judged by, kept whole under their digests, so that an audit can read them."""

from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, select

from gate_store.bulk import insert_new
from gate_store.dialects import among
from gate_store.tables import policies


def keep_policy(conn: Connection, digest: str, text: str, by: str, now: datetime) -> None:
    """Keep a catalogue before anything is judged by it; who came first stays as its finder."""
    row = {"digest": digest, "text": text, "first_seen": now, "by": by}
    insert_new(conn, policies, [row], "digest")


def kept_policies(conn: Connection, digests: Collection[str]) -> frozenset[str]:
    """Those of these digests whose catalogue is kept."""
    if not digests:
        return frozenset()
    query = select(policies.c.digest).where(among(conn, policies.c.digest, digests))
    return frozenset(conn.execute(query).scalars())
