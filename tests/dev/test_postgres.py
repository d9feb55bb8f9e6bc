"""PostgreSQL as a development service."""

import os
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import make_url

from plangate.dev.errors import DevServiceError
from plangate.dev.postgres import PostgresServer
from tests.services import required

pytestmark = pytest.mark.postgres


def test_rows_survive_a_restart_and_a_kill_on_the_same_port(own_postgres: PostgresServer) -> None:
    with psycopg.connect(own_postgres.url()) as connection:
        connection.execute("CREATE TABLE kept AS SELECT 1 AS n")
    own_postgres.restart()
    with psycopg.connect(own_postgres.url()) as connection:
        connection.execute("INSERT INTO kept VALUES (2)")
    own_postgres.kill()
    assert not own_postgres.is_running
    own_postgres.start()
    with psycopg.connect(own_postgres.url()) as connection:
        assert connection.execute("SELECT n FROM kept ORDER BY n").fetchall() == [(1,), (2,)]


def test_commits_are_synced_to_disk_unless_told_otherwise(
    own_postgres: PostgresServer, postgres_server: PostgresServer
) -> None:
    assert _setting(own_postgres, "fsync") == "on"
    assert _setting(postgres_server, "fsync") == "off"


def test_it_listens_on_the_loopback_address_alone(postgres_server: PostgresServer) -> None:
    assert _setting(postgres_server, "listen_addresses") == "127.0.0.1"
    assert _setting(postgres_server, "unix_socket_directories") == ""


def test_it_asks_for_a_password_that_its_owner_alone_can_read(postgres_server: PostgresServer) -> None:
    password = str(make_url(postgres_server.url()).password)
    files = [path for path in postgres_server.folder.iterdir() if path.is_file()]
    (kept,) = [path for path in files if password in path.read_text(errors="replace")]
    assert kept.stat().st_mode & 0o777 == 0o600
    assert (postgres_server.folder / "postgres.log").stat().st_mode & 0o777 == 0o600
    for wrong in ("", "wrong"):
        with pytest.raises(psycopg.OperationalError, match="password"):
            psycopg.connect(postgres_server.url(), password=wrong)


def test_each_test_gets_an_empty_database_of_its_own(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    assert postgres_url != postgres_server.url()
    with psycopg.connect(postgres_url) as connection:
        row = connection.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'").fetchone()
    assert row == (0,)


def test_a_database_that_is_in_use_is_dropped_all_the_same(postgres_server: PostgresServer) -> None:
    url = postgres_server.create_database("in use")
    with psycopg.connect(url.replace(" ", "%20")):
        postgres_server.drop_database("in use")
    with pytest.raises(psycopg.OperationalError, match="does not exist"):
        psycopg.connect(url.replace(" ", "%20"))


@pytest.mark.skipif(os.geteuid() != 0, reason="only root hands PostgreSQL to another user")
def test_a_folder_that_nobody_cannot_enter_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0o700)
    tmp_path.chmod(0o755)
    with required():
        PostgresServer(tmp_path).version  # noqa: B018 - skips where there is no PostgreSQL
    with pytest.raises(DevServiceError, match=r"nobody cannot enter .*; choose a data folder outside it"):
        PostgresServer(tmp_path / "closed" / "postgres").start()


def _setting(server: PostgresServer, name: str) -> str:
    with psycopg.connect(server.url()) as connection:
        row = connection.execute("SELECT current_setting(%s)", [name]).fetchone()
    assert row is not None
    return str(row[0])
