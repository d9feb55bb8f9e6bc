"""What every session of ours is like, whoever opened it, and what its database must be like."""

from collections.abc import Mapping, Sequence
from typing import Any

from gate_store.postgres import pooler
from gate_store.postgres.address import Address
from gate_store.postgres.errors import UnfitStoreError

# Set when a session begins, not while it connects: a pooler takes few settings then, and drops the others.
ALWAYS = {
    # The statements lock and compare what they change. A database or role may have another default,
    # under which PostgreSQL refuses what runs side by side.
    "default_transaction_isolation": "read committed",
    "DateStyle": "ISO",  # psycopg reads no other
    "TimeZone": "UTC",  # in another, the first and the last moments of records are beyond what Python reads
}
# For work that looks all rows up by key: whatever the statistics say, no plan that reads a whole table.
BY_KEY = {
    "jit": "off",
    "plan_cache_mode": "force_generic_plan",
    "enable_seqscan": "off",
    "enable_hashjoin": "off",
    "enable_mergejoin": "off",
}


def beginning(settings: Mapping[str, str]) -> str:
    """The statement that begins a session with our settings beside `ALWAYS`; `examine` looks at its row."""
    told = [f"set_config('{name}', '{value}', false)" for name, value in {**ALWAYS, **settings}.items()]
    asked = ["pg_backend_pid()", "current_setting('server_encoding')", "current_schema()"]
    return f"SELECT {', '.join(asked + told)}"


def examine(row: Sequence[Any] | None, pid_at_login: int, address: Address) -> None:
    """Raises UnfitStoreError where no client of the store can work on this database, or on the way to it."""
    pid, encoding, schema = (*(row or ()), None, None, None)[:3]
    if encoding != "UTF8":
        raise UnfitStoreError(
            f"the database {address.all['dbname']} is encoded in {encoding}, which cannot hold every text",
            "create it with ENCODING 'UTF8' TEMPLATE template0",
        )
    if schema is None:
        raise UnfitStoreError(
            f"the database {address.all['dbname']} has no schema of those that search_path names",
            "create it, let the role use it, or name another",
        )
    if pid != pid_at_login:
        pooler.must_keep_sessions(address)
