"""One URL, all clients: any password, several hosts, sockets, libpq's times."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import psycopg
import pytest
import sqlalchemy
from psycopg import sql
from sqlalchemy import make_url

from gate_store.postgres import asyncpg_client, psycopg_client
from gate_store.postgres.address import Address
from gate_store.try_clients import try_clients
from plangate.cli.failures import line_for
from plangate.dev.postgres import PostgresServer
from tests.connections.reachable import socket_folder, url_with
from tests.connections.serving import serves

pytestmark = pytest.mark.postgres

NOBODY = "127.0.0.1:1"
PASSWORDS = [
    *" !\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
    *("%(x)s", "%41", "{x}", " begins and ends ", "a\tb", "naïve Łódź", "🔑", "x" * 300),
]


@contextmanager
def _role(url: str) -> Iterator[sql.Identifier]:
    role = sql.Identifier(f"role of {make_url(url).database}")
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(sql.SQL("CREATE ROLE {} LOGIN").format(role))
        try:
            yield role
        finally:
            admin.execute(sql.SQL("DROP OWNED BY {}").format(role))
            admin.execute(sql.SQL("DROP ROLE {}").format(role))


def test_every_client_logs_in_with_any_password(postgres_url: str) -> None:
    parts = make_url(postgres_url)
    with _role(postgres_url) as role, psycopg.connect(postgres_url, autocommit=True) as admin:
        for password in PASSWORDS:
            secret = f"a{password}z"
            admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(secret)))
            user = quote(f"role of {parts.database}", safe="")
            where = f"{parts.host}:{parts.port}/{parts.database}"
            try_clients(f"postgresql://{user}:{quote(secret, safe='')}@{where}")
            try_clients(f"postgresql://{user}@{where}?password={quote(secret, safe='')}")


def test_every_client_finds_the_password_in_libpqs_own_file(postgres_url: str, tmp_path: Path) -> None:
    parts, secret, file = make_url(postgres_url), "a:b\\c # d é", tmp_path / "pass"
    with _role(postgres_url) as role, psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(secret)))
        escaped = secret.replace("\\", "\\\\").replace(":", "\\:")
        user = f"role of {parts.database}"
        others = f"elsewhere:*:*:*:wrong\n*:1:*:*:wrong\n*:*:*:{user} x:wrong\n# *:*:*:*:wrong\n"
        file.write_text(f"{others}*:{parts.port}:*:{user}:{escaped}\n*:*:*:*:wrong\n")
        file.chmod(0o600)
        where = f"{quote(user, safe='')}@{parts.host}:{parts.port}/{parts.database}"
        try_clients(f"postgresql://{where}?passfile={file}")
        file.chmod(0o640)
        with pytest.raises(sqlalchemy.exc.OperationalError, match="no password supplied"):
            try_clients(f"postgresql://{where}?passfile={file}")


async def test_a_run_goes_all_its_way_where_the_password_is_nothing_but_special_characters(
    postgres_url: str,
) -> None:
    parts = make_url(postgres_url)
    secret = " %(x)s%41@:/?#&='\"\\ "  # noqa: S105 - a test's own
    with _role(postgres_url) as role, psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(sql.SQL("ALTER ROLE {} PASSWORD {}").format(role, sql.Literal(secret)))
        admin.execute(sql.SQL("GRANT ALL ON SCHEMA public TO {}").format(role))
        user = quote(f"role of {parts.database}", safe="")
        url = f"postgresql://{user}:{quote(secret, safe='')}@{parts.host}:{parts.port}/{parts.database}"
        await serves(url)


async def test_the_first_host_that_takes_connections_serves_all_clients(postgres_url: str) -> None:
    parts = make_url(postgres_url)
    await serves(url_with(postgres_url, host=f"{NOBODY},{parts.host}:{parts.port}"))


def test_the_host_that_may_be_written_is_taken(postgres_url: str, own_postgres: PostgresServer) -> None:
    """As libpq's `target_session_attrs`: the other one stands for a standby."""
    with psycopg.connect(own_postgres.url(), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET default_transaction_read_only = on")
        admin.execute(f"ALTER ROLE postgres PASSWORD '{make_url(postgres_url).password}'")
        admin.execute("SELECT pg_reload_conf()")
        admin.execute("SET default_transaction_read_only = off")
        admin.execute(
            sql.SQL("CREATE DATABASE {}").format(sql.Identifier(make_url(postgres_url).database or ""))
        )
    parts = make_url(postgres_url)
    hosts = f"127.0.0.1:{own_postgres.port},{parts.host}:{parts.port}"
    address = Address.of(url_with(postgres_url, host=hosts, target_session_attrs="read-write"))
    with psycopg_client.connect(address, "test") as connection:
        assert connection.info.port == parts.port
    try_clients(url_with(postgres_url, host=hosts, target_session_attrs="read-write"))


async def test_a_host_that_never_answers_is_given_up_after_connect_timeout(postgres_url: str) -> None:
    parts = make_url(postgres_url)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        host = f"127.0.0.1:{silent.getsockname()[1]},{parts.host}:{parts.port}"
        address = Address.of(url_with(postgres_url, host=host, connect_timeout="2"))
        connection = await asyncpg_client.connect(address, "test", {})
        await connection.close()
        psycopg_client.connect(address, "test").close()


async def test_a_socket_serves_all_clients(server: PostgresServer) -> None:
    folder, port = socket_folder(server), str(server.port)
    url = url_with(server.create_database("by_socket"), host="", port=port)
    await serves(f"{url}&host={folder}")


def test_a_socket_may_stand_in_the_place_of_the_host(server: PostgresServer) -> None:
    folder = quote(str(socket_folder(server)), safe="")
    try_clients(url_with(server.url(), host=f"{folder}:{server.port}"))


async def test_libpqs_keepalives_are_asyncpgs_too(postgres_url: str) -> None:
    given = {"keepalives_idle": "7", "keepalives_interval": "3", "keepalives_count": "0"}
    address = Address.of(url_with(postgres_url, tcp_user_timeout="4000", **given))
    connection = await asyncpg_client.connect(address, "test", {})
    wire = connection._transport.get_extra_info("socket")
    assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 1
    assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE) == 7
    assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPINTVL) == 3
    assert wire.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 4000
    await connection.close()


async def test_without_keepalives_there_are_none(postgres_url: str) -> None:
    connection = await asyncpg_client.connect(Address.of(url_with(postgres_url, keepalives="0")), "test", {})
    wire = connection._transport.get_extra_info("socket")
    assert wire.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE) == 0
    await connection.close()


async def test_parameters_that_change_nothing_are_taken(postgres_url: str) -> None:
    given = {"channel_binding": "prefer", "gssencmode": "disable", "sslsni": "1", "application_name": "mine"}
    url = url_with(postgres_url, load_balance_hosts="random", **given)
    connection = await asyncpg_client.connect(Address.of(url), "test", {})
    assert await connection.fetchval("SHOW application_name") == "mine"
    await connection.close()
    with psycopg_client.connect(Address.of(url), "test") as other:
        assert other.execute("SHOW application_name").fetchone() == ("mine",)


@pytest.mark.parametrize("host", [NOBODY, "nowhere.invalid", "%2Fnowhere"])
def test_a_server_that_is_not_there_is_one_line_without_the_password(postgres_url: str, host: str) -> None:
    url = url_with(postgres_url, host=host)
    with pytest.raises(Exception) as away:  # noqa: PT011 - whatever it is, the command says one line
        try_clients(url)
    line = line_for(away.value)
    assert line is not None
    assert line.startswith("the store does not answer: ")
    assert len(line.splitlines()) == 1
    assert (make_url(url).password or "-") not in line
