"""What an operator reads, and what counts as weather at all."""

import errno
import logging
import sqlite3
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Connection, create_engine, exc, text

from gate_store.database import open_store
from stream_apps.patience import is_outage
from stream_apps.seldom import Seldom
from stream_apps.weather import in_plain_words


def refused(words: str) -> exc.OperationalError:
    """As SQLAlchemy passes on what psycopg was told at its attempt to connect: without a code."""
    return exc.OperationalError(
        "SELECT 1", {}, psycopg.OperationalError(f"connection failed: FATAL: {words}")
    )


@pytest.mark.parametrize(
    ("said", "mend"),
    [
        ("sorry, too many clients already", "raise max_connections"),
        ('too many connections for role "plangate"', "raise max_connections"),
        ("remaining connection slots are reserved for roles with SUPERUSER", "raise max_connections"),
        ("the database system is starting up", "it is waited for"),
        ('no pg_hba.conf entry for host "10.0.0.1"', "pg_hba.conf"),
    ],
)
def test_a_database_that_is_full_of_clients_is_weather_and_no_fault_of_the_record(
    said: str, mend: str
) -> None:
    assert is_outage(refused(said))
    assert mend in in_plain_words(refused(said))


def test_a_full_sqlite_is_weather_and_a_statement_that_is_too_much_is_not(tmp_path: Path) -> None:
    engine = create_engine(f"sqlite:///{tmp_path / 'full.db'}")
    with engine.connect() as conn:
        conn.execute(text("CREATE TABLE t (x)"))
        conn.execute(text("PRAGMA max_page_count = 3"))
        with pytest.raises(exc.OperationalError) as full:
            conn.execute(text("INSERT INTO t VALUES (zeroblob(100000))"))
        assert is_outage(full.value)
        assert "free space there" in in_plain_words(full.value)
        assert not is_outage(too_much(conn))


def too_much(conn: Connection) -> BaseException:
    with pytest.raises(exc.OperationalError, match="too many") as error:
        conn.execute(text("SELECT " + ",".join("1" * 3000)))
    return error.value


def test_a_full_disk_under_a_file_is_said_in_plain_words() -> None:
    assert in_plain_words(OSError(errno.ENOSPC, "No space left on device")).startswith("the disk is full")


def test_a_raw_error_of_sqlite_is_weather_only_where_the_disk_or_the_lock_is_meant() -> None:
    assert is_outage(sqlite3.OperationalError("database or disk is full"))
    assert not is_outage(sqlite3.OperationalError("too many SQL variables"))
    assert not is_outage(sqlite3.IntegrityError("UNIQUE constraint failed"))


def test_a_pool_gives_up_connections_that_were_made_under_a_ban_on_writing(postgres_url: str) -> None:
    """Else they would refuse for good, long after the ban was lifted."""
    name = postgres_url.rpartition("/")[2]
    with psycopg.connect(postgres_url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = on")
    store = open_store(postgres_url)
    with pytest.raises(exc.DBAPIError) as banned, store.begin() as conn:
        conn.execute(text("CREATE TABLE t (x int)"))
    assert is_outage(banned.value)
    with psycopg.connect(
        postgres_url, options="-c default_transaction_read_only=off", autocommit=True
    ) as admin:
        admin.execute(f"ALTER DATABASE {name} SET default_transaction_read_only = off")
    with store.begin() as conn:
        conn.execute(text("CREATE TABLE t (x int)"))
    store.dispose()


def test_what_a_client_repeats_is_written_once_in_a_while() -> None:
    seldom = Seldom("aiokafka", every_s=60)

    def record(logger: str, number: int) -> logging.LogRecord:
        return logging.LogRecord(logger, logging.ERROR, "", 0, "no node with id %s", (number,), None)

    written = [seldom.filter(record("aiokafka.conn", number)) for number in range(5)]
    assert written == [True, False, False, False, False]
    assert all(seldom.filter(record("plangate.router", number)) for number in range(5))
