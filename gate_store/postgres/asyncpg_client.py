"""Connections of asyncpg, which resumes runs: libpq's parameters, translated."""

import asyncio
import random
import socket
import ssl
from collections.abc import Mapping
from typing import Any
from urllib.parse import quote, urlencode

import asyncpg

from gate_store.postgres import session
from gate_store.postgres.address import SOCKET_FOLDER, Address
from gate_store.postgres.passfile import password_for

STATEMENT_S = 30.0  # a statement of ours takes milliseconds; beyond this the server is not answering

# asyncpg reads these, and the files that libpq looks for beside them, from an address in URL form alone.
_TLS = (
    *("sslmode", "sslnegotiation", "sslrootcert", "sslcert", "sslkey", "sslpassword", "sslcrl"),
    *("ssl_min_protocol_version", "ssl_max_protocol_version"),
)
_OF_A_SOCKET = {
    "keepalives": (socket.SOL_SOCKET, "SO_KEEPALIVE"),
    "keepalives_idle": (socket.IPPROTO_TCP, "TCP_KEEPIDLE"),
    "keepalives_interval": (socket.IPPROTO_TCP, "TCP_KEEPINTVL"),
    "keepalives_count": (socket.IPPROTO_TCP, "TCP_KEEPCNT"),
    "tcp_user_timeout": (socket.IPPROTO_TCP, "TCP_USER_TIMEOUT"),
}


# The last one, too, where the host is not of the kind that target_session_attrs wants.
_REFUSALS = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, asyncpg.InternalClientError)


class NotConnectedError(ConnectionError):
    """PostgreSQL takes no connection: {reason}."""

    def __init__(self, reason: BaseException) -> None:
        super().__init__(f"PostgreSQL takes no connection: {reason or type(reason).__name__}")
        self.reason = reason


async def connect(address: Address, name: str, settings: Mapping[str, str]) -> Any:
    """A connection to the first host that takes one, whose session has our `settings`.

    Raises NotConnectedError, whatever asyncpg or the system says beneath it; UnfitStoreError.
    """
    hosts = list(address.hosts)
    if address.all.get("load_balance_hosts") == "random":
        random.shuffle(hosts)
    for host, port in hosts[:-1]:
        try:
            return await _begun(address, name, settings, host, port)
        except NotConnectedError:
            continue
    return await _begun(address, name, settings, *hosts[-1])


async def _begun(address: Address, name: str, settings: Mapping[str, str], host: str, port: int) -> Any:
    try:
        connection = await asyncpg.connect(**_options(address, name, host, port), host=[host], port=[port])
    except _REFUSALS as error:
        raise NotConnectedError(error) from error
    try:
        _set_socket(connection, address, host)
        row = await connection.fetchrow(session.beginning(settings))
        pid = connection.get_server_pid()
        await asyncio.to_thread(session.examine, tuple(row), pid, address)  # a pooler is looked at in psycopg
    except BaseException:
        connection.terminate()
        raise
    return connection


def _options(address: Address, name: str, host: str, port: int) -> dict[str, Any]:
    given = address.all
    password = given.get("password") or password_for(host, port, given, SOCKET_FOLDER)
    shown_as = given.get("application_name") or given.get("fallback_application_name") or name
    settings = {"application_name": shown_as, **_some(given, "options")}
    return {
        **_some(given, "user", "krbsrvname", "target_session_attrs"),
        "password": password,
        "database": given["dbname"],
        "timeout": float(given["connect_timeout"]) or None,
        "command_timeout": STATEMENT_S,
        "server_settings": settings,
        **_tls(given),
    }


def _tls(given: Mapping[str, str]) -> dict[str, Any]:
    if given.get("sslrootcert") != "system":
        return {"dsn": f"postgresql://?{urlencode(_some(given, *_TLS), quote_via=quote)}"}
    context = ssl.create_default_context()  # asyncpg does not know the word
    if "sslcert" in given:
        context.load_cert_chain(given["sslcert"], given.get("sslkey"), given.get("sslpassword", ""))
    return {"ssl": context, "direct_tls": given.get("sslnegotiation") == "direct"}


def _set_socket(connection: Any, address: Address, host: str) -> None:
    """What libpq sets, and asyncpg has no option for. Beside keepalives=0, 0 is the system's own value."""
    if host.startswith("/"):
        return
    given = {"keepalives": "1", **address.all}
    wire = connection._transport.get_extra_info("socket")
    for parameter, (level, option) in _OF_A_SOCKET.items():
        value = int(given.get(parameter, 0))
        if hasattr(socket, option) and (value or parameter == "keepalives"):
            wire.setsockopt(level, getattr(socket, option), value)


def _some(given: Mapping[str, str], *names: str) -> dict[str, str]:
    return {name: given[name] for name in names if name in given}
