"""TLS to a PostgreSQL whose certificate is of a private CA."""

from pathlib import Path
from urllib.parse import quote

import pytest

from gate_store.postgres import asyncpg_client, psycopg_client
from gate_store.postgres.address import Address
from gate_store.store_url import shown
from plangate.cli.failures import line_for
from plangate.dev.postgres import PostgresServer
from stream_apps.weather import in_plain_words
from tests.connections.certificates import KEY_PASSWORD, Certificates
from tests.connections.commands import Commands
from tests.connections.reachable import url_with
from tests.connections.serving import serves

pytestmark = pytest.mark.postgres


def by_tls(server: PostgresServer, ca: Path | str, *, host: str = "localhost", **more: str) -> str:
    given = {"sslmode": "verify-full", **more}
    return url_with(server.url(), host=f"{host}:{server.port}", sslrootcert=str(ca), **given)


async def who_is_seen(url: str) -> set[str | None]:
    """Whose certificate PostgreSQL sees, of each driver. Fails where a session is not encrypted."""
    asked = "SELECT ssl, client_dn FROM pg_stat_ssl WHERE pid = pg_backend_pid()"
    address = Address.of(url)
    with psycopg_client.connect(address, "test") as connection:
        (row,) = connection.execute(asked).fetchall()
    other = await asyncpg_client.connect(address, "test", {})
    rows = [row, tuple(await other.fetchrow(asked))]
    await other.close()
    assert all(encrypted for encrypted, _ in rows)
    return {name for _, name in rows}


async def test_all_clients_verify_the_host_by_its_own_ca(
    server: PostgresServer, certificates: Certificates
) -> None:
    url = by_tls(server, certificates.ca)
    assert await who_is_seen(url) == {None}
    await serves(url)


async def test_all_clients_take_the_cas_of_the_system(
    server: PostgresServer, certificates: Certificates, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates.ca))  # where OpenSSL looks for them
    assert await who_is_seen(by_tls(server, "system")) == {None}


async def test_all_clients_show_a_certificate_whose_key_has_a_password(
    server: PostgresServer, certificates: Certificates
) -> None:
    files = {"sslcert": str(certificates.client), "sslkey": str(certificates.client_key)}
    url = by_tls(server, certificates.ca, **files, sslpassword=KEY_PASSWORD)
    assert await who_is_seen(url) == {"/CN=postgres"}
    assert quote(KEY_PASSWORD) not in shown(url)


@pytest.mark.parametrize(
    ("host", "ca", "words"),
    [
        ("localhost", "other_ca", "PostgreSQL's certificate is of no CA in sslrootcert"),
        ("127.0.0.1", "ca", "PostgreSQL's certificate is for another host"),
    ],
)
async def test_asyncpg_alone_refuses_the_same(
    server: PostgresServer, certificates: Certificates, host: str, ca: str, words: str
) -> None:
    """It verifies by Python's own means."""
    address = Address.of(by_tls(server, getattr(certificates, ca), host=host))
    with pytest.raises(asyncpg_client.NotConnectedError) as refused:
        await asyncpg_client.connect(address, "test", {})
    assert words in (line_for(refused.value) or "")
    assert words in in_plain_words(refused.value)


def test_the_certificate_of_another_ca_is_refused_in_one_line(
    server: PostgresServer, certificates: Certificates, commands: Commands
) -> None:
    url = by_tls(server, certificates.other_ca)
    commands.refuse(url, "PostgreSQL's certificate is of no CA in sslrootcert; name its CA's file")


def test_the_certificate_of_another_host_is_refused_in_one_line(
    server: PostgresServer, certificates: Certificates, commands: Commands
) -> None:
    url = by_tls(server, certificates.ca, host="127.0.0.1")
    commands.refuse(url, "PostgreSQL's certificate is for another host; name that one in the store's URL")


def test_a_file_of_cas_that_is_missing_is_refused_in_one_line(
    server: PostgresServer, commands: Commands, tmp_path: Path
) -> None:
    commands.refuse(by_tls(server, tmp_path / "missing.pem"), str(tmp_path / "missing.pem"))


def test_a_server_without_tls_is_refused_in_one_line(
    postgres_url: str, certificates: Certificates, commands: Commands
) -> None:
    url = url_with(postgres_url, sslmode="verify-full", sslrootcert=str(certificates.ca))
    commands.refuse(url, "PostgreSQL offers no TLS; set ssl=on there")
