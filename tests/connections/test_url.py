"""What a store URL may say, and what it never shows."""

import traceback

import pytest

from gate_store.postgres.address import Address
from gate_store.postgres.errors import StoreUrlError
from gate_store.store_url import check_url, is_postgres, shown, sqlite_path
from plangate.settings import SettingsError, load_settings
from tests.cli.commands import SECRET

HERE = f"postgresql://me:{SECRET}@db/gates"

REFUSED = {
    "a scheme of others": (f"mysql://me:{SECRET}@db/gates", "no sqlite:///FILE and no postgresql://"),
    "SQLAlchemy's driver": (f"postgresql+psycopg://me:{SECRET}@db/gates", "no sqlite:///FILE"),
    "a port that is no number": (f"postgresql://me:{SECRET}@db:54x2/gates", "a port is no number"),
    "port 0": (f"postgresql://me:{SECRET}@db:0/gates", "a port is no number from 1 to 65535"),
    "a port too high": (f"postgresql://me:{SECRET}@db:65536/gates", "a port is no number from 1 to 65535"),
    "a blank in a password": (f"postgresql://me:{SECRET} x@db/gates", "a blank as %20"),
    "a % in a password": (f"postgresql://me:{SECRET}%zz@db/gates", "write % as %25"),
    "an @ in a password": (f"postgresql://me:x@{SECRET}@db/gates", "@ as %40"),
    "a / in a password": (f"postgresql://me:12/{SECRET}@db/gates", "/ as %2F"),
    "a / and a ? in a password": (f"postgresql://me:12/{SECRET}?{SECRET}=x@db/gates", "/ as %2F"),
    "hosts and ports of unequal number": (f"{HERE}?host=a,b,c&port=1,2", "3 hosts and 2 ports"),
    "SQLAlchemy's several hosts": (f"{HERE}?host=a:1&host=b:2", "host stands in it twice"),
    "a port in the host": (f"{HERE}?host=a:1", "HOST:PORT/DB"),
    "a socket without a name": (f"{HERE}?host=%40plangate", "name a host, an address or a folder"),
    "a parameter that nobody knows": (f"{HERE}?sslmod=require", "libpq has no parameter 'sslmod'"),
    "a service": (f"{HERE}?service=gates", "service: asyncpg"),
    "another address": (f"{HERE}?hostaddr=127.0.0.1", "hostaddr: asyncpg"),
    "channel binding": (f"{HERE}?channel_binding=require", "channel_binding: its clients together can only"),
    "a kind of login": (f"{HERE}?require_auth=scram-sha-256", "require_auth: asyncpg"),
    "Kerberos encryption": (f"{HERE}?gssencmode=require", "gssencmode"),
    "the socket's owner": (f"{HERE}?requirepeer=postgres", "requirepeer: asyncpg"),
    "a standby": (f"{HERE}?target_session_attrs=standby", "target_session_attrs"),
    "another encoding": (f"{HERE}?client_encoding=latin1", "client_encoding"),
    "replication": (f"{HERE}?replication=database", "replication: asyncpg"),
    "a time that is none": (f"{HERE}?connect_timeout=soon", "connect_timeout is no whole number"),
    "a TLS mode that is none": (f"{HERE}?sslmode=on", "sslmode"),
    "SQLite with parameters": ("sqlite:///gates.db?mode=ro", "write one in the file's name as %3F"),
}


@pytest.mark.parametrize(("url", "words"), REFUSED.values(), ids=REFUSED)
def test_a_url_that_not_all_clients_follow_is_refused_in_one_line_without_its_secrets(
    monkeypatch: pytest.MonkeyPatch, url: str, words: str
) -> None:
    with pytest.raises(StoreUrlError) as refused:
        check_url(url)
    monkeypatch.setenv("PLANGATE_STORE_URL", url)
    with pytest.raises(SettingsError) as setting:
        load_settings()
    for error in (refused.value, setting.value):
        assert words in str(error)
        assert len(str(error).splitlines()) == 1
        assert SECRET not in "".join(traceback.format_exception(error))


def test_what_the_environment_of_postgresql_demands_counts_as_well(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGCHANNELBINDING", "require")
    with pytest.raises(StoreUrlError, match="channel_binding"):
        check_url(HERE)


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://me@a", [("a", 5432)]),
        ("postgres://me@a:1/gates", [("a", 1)]),
        ("postgresql://me@a:1,b:2/gates", [("a", 1), ("b", 2)]),
        ("postgresql://me@a,b/gates", [("a", 5432), ("b", 5432)]),
        ("postgresql://me@/gates?host=a,b&port=7", [("a", 7), ("b", 7)]),
        ("postgresql://me@[::1]:1,b/gates", [("::1", 1), ("b", 5432)]),
        ("postgresql://me@%2Fvar%2Frun/gates", [("/var/run", 5432)]),
        ("postgresql://me@/gates?host=/var/run&port=6", [("/var/run", 6)]),
        ("postgresql://me@/gates", [("/var/run/postgresql", 5432)]),
    ],
)
def test_hosts_and_sockets_are_read_as_libpq_reads_them(url: str, hosts: list[tuple[str, int]]) -> None:
    assert is_postgres(url)
    assert Address.of(url).hosts == hosts


def test_the_environment_of_postgresql_fills_what_the_url_leaves_open(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"PGUSER": "eva", "PGHOST": "a", "PGPORT": "7", "PGOPTIONS": "-c jit=off"}.items():
        monkeypatch.setenv(name, value)
    address = Address.of("postgresql:///gates")
    assert address.hosts == [("a", 7)]
    assert (address.all["user"], address.all["options"]) == ("eva", "-c jit=off")


def test_the_url_that_is_shown_holds_none_of_its_secrets() -> None:
    said = shown(
        f"postgresql://me:{SECRET}@[::1]:1,b/gates?sslmode=require&sslpassword={SECRET}1&password={SECRET}2"
    )
    assert said == "postgresql://me@[::1]:1,b:5432/gates?sslmode=require"
    assert SECRET not in repr(Address.of(f"{HERE}?password={SECRET}"))


def test_a_file_of_sqlite_is_shown_and_read_as_it_stands() -> None:
    assert shown("sqlite:///gates.db") == "sqlite:///gates.db"
    assert sqlite_path("sqlite:////var/lib/ga%20tes%3F.db") == "/var/lib/ga tes?.db"
