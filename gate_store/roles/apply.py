"""Makes the roles of a store on PostgreSQL, and says who lacks what."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql
from psycopg.errors import DeadlockDetected, LockNotAvailable
from tenacity import retry, retry_if_exception_type, stop_after_delay, wait_fixed

from gate_store.migrations.laws import LOCK_TIMEOUT
from gate_store.postgres.address import Address
from gate_store.postgres.psycopg_client import connect
from gate_store.roles.facts import PUBLIC, Fact, Store, there, wanted
from gate_store.roles.prefix import PREFIX
from gate_store.roles.roles import ALL_TABLES, Role
from gate_store.roles.script import script
from gate_store.store_url import is_postgres

_PATIENCE_S = 60.0

Conn = psycopg.Connection[Any]


def statements(url: str, prefix: str = PREFIX) -> list[str]:
    """What `apply` would run, as text. Raises psycopg.Error, StoreUrlError, UnfitStoreError."""
    with _connected(url) as conn:
        return [each.as_string(conn) for each in script(_store(conn, prefix), conn)]


def needed(url: str, prefix: str = PREFIX) -> list[Fact]:
    """What the roles need. Raises as `statements`."""
    with _connected(url) as conn:
        return wanted(_store(conn, prefix), conn)


# Workers go on meanwhile: who waits for a table's lock keeps everybody behind it waiting.
@retry(
    retry=retry_if_exception_type((LockNotAvailable, DeadlockDetected)),
    wait=wait_fixed(1),
    stop=stop_after_delay(_PATIENCE_S),
    reraise=True,
)
def apply(url: str, prefix: str = PREFIX) -> Mapping[Fact, str]:
    """Give the roles what they need and take what they do not; a repeat changes nothing.

    For each fact `there`, `made` or `taken`. All or nothing. Raises psycopg.Error, StoreUrlError,
    UnfitStoreError.
    """
    with _connected(url) as conn, conn.transaction():
        store = _store(conn, prefix)
        wants, before = wanted(store, conn), there(store, conn)
        superfluous = before - set(wants)
        if superfluous or not before.issuperset(wants):
            conn.execute(sql.SQL("SET LOCAL lock_timeout = {}").format(sql.Literal(LOCK_TIMEOUT)))
            for each in script(store, conn):
                conn.execute(each)
    taken = dict.fromkeys(sorted(superfluous), "taken")
    return {**{fact: "there" if fact in before else "made" for fact in wants}, **taken}


def missing(url: str, prefix: str = PREFIX) -> list[str] | None:
    """What the roles of this store lack, as `plangate_agent: INSERT on outbox`; None: it has none.

    Raises as `statements`.
    """
    with _connected(url) as conn:
        store = _store(conn, prefix)
        found = there(store, conn)
        lacks = [fact for fact in wanted(store, conn) if fact not in found]
    if all(fact.role == PUBLIC or not fact.on for fact in found):  # roles are the whole server's
        return None
    return list(dict.fromkeys(_told(fact) for fact in lacks))


def _told(fact: Fact) -> str:
    what = f"rows of {fact.on}" if fact.rows else f"{fact.may} on {fact.on}"
    return f"{fact.role}: {what}" if fact.may else fact.role


def lacking(url: str, roles: Collection[Role]) -> list[str]:
    """What the roles need of the tables that are there and the URL's user may not do, as `INSERT on outbox`.

    On SQLite nothing. Raises as `statements`.
    """
    if not is_postgres(url):
        return []
    with _connected(url) as conn:
        store = _store(conn, "")
        names = {store.name(role) for role in roles}
        asked = [
            fact
            for fact in wanted(store, conn)
            if fact.role in names and fact.on in ALL_TABLES and not fact.rows and fact.may != "OWNER"
        ]
        parameters = {
            "tables": [sql.Identifier(store.schema, fact.on).as_string(conn) for fact in asked],
            "columns": [fact.column or None for fact in asked],
            "may": [fact.may for fact in asked],
        }
        refused = {row[0] for row in conn.execute(_LACKING, parameters)}
    lacks = (fact for place, fact in enumerate(asked, 1) if place in refused)
    return list(dict.fromkeys(f"{fact.may} on {fact.on}" for fact in lacks))


_LACKING = sql.SQL("""
SELECT place FROM unnest(%(tables)s::text[], %(columns)s::text[], %(may)s::text[])
    WITH ORDINALITY AS u (name, of_column, may, place)
WHERE to_regclass(name) IS NOT NULL AND NOT CASE
    WHEN of_column IS NULL THEN has_table_privilege(name, may)
    ELSE has_column_privilege(name, of_column, may) END
""")


def _store(conn: Conn, prefix: str) -> Store:
    row = conn.execute("SELECT current_schema()").fetchone()
    return Store(row[0] if row else "", prefix)


@contextmanager
def _connected(url: str) -> Iterator[Conn]:
    with connect(Address.of(url), "plangate: store roles", autocommit=True) as conn:
        yield conn
