"""Which of libpq's parameters a store URL may name: those that mean the same to psycopg and to asyncpg."""

from collections.abc import Mapping

from gate_store.postgres.errors import StoreUrlError

# Handed to both, or done for asyncpg by `asyncpg_client`.
MEANT_BY_ALL = frozenset(
    {
        *("user", "password", "passfile", "dbname", "host", "port"),
        *("connect_timeout", "options", "application_name", "fallback_application_name"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout"),
        *("sslcert", "sslkey", "sslpassword", "sslrootcert", "sslcrl", "krbsrvname"),
        *("ssl_min_protocol_version", "ssl_max_protocol_version"),
    }
)
# What asyncpg does by itself, or what our own sessions need: no other value can be had from all clients.
ONLY_AS = {
    "channel_binding": ("disable", "prefer"),
    "client_encoding": ("utf8", "UTF8", "utf-8", "UTF-8"),
    "gssdelegation": ("0",),
    "gssencmode": ("disable", "prefer"),
    "gsslib": ("gssapi",),
    "load_balance_hosts": ("disable", "random"),
    "max_protocol_version": ("3.0", "3.2", "latest"),
    "min_protocol_version": ("3.0",),
    "sslcertmode": ("allow",),
    "sslcompression": ("0",),
    "sslmode": ("disable", "allow", "prefer", "require", "verify-ca", "verify-full"),
    "sslnegotiation": ("postgres", "direct"),
    "sslsni": ("1",),
    "target_session_attrs": ("any", "primary", "read-write"),
}
NUMBERS = frozenset(
    {
        *("connect_timeout", "tcp_user_timeout"),
        *("keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count"),
    }
)


def refuse_what_differs(parameters: Mapping[str, str]) -> None:
    """Raises StoreUrlError naming a number that is none, or a parameter that not every client follows."""
    for name, value in parameters.items():
        mend = f"leave {name} out of the URL and of PostgreSQL's environment variables"
        if name in NUMBERS and not value.isdecimal():
            raise StoreUrlError(f"{name} is no whole number; write one, or {mend}")
        if name in ONLY_AS and value not in ONLY_AS[name]:
            raise StoreUrlError(
                f"{name}: its clients together can only do {' or '.join(ONLY_AS[name])}; {mend}"
            )
        if name not in MEANT_BY_ALL and name not in ONLY_AS:
            raise StoreUrlError(f"{name}: asyncpg, one of its clients, cannot do it; {mend}")
