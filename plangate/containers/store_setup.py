"""`python -m plangate.containers.store_setup LOGINS.json REGISTRY_PASSWORD`: tables, roles, logins.

The second file holds the password of the schema registry, which gets a database of its own. A login is called
like its role. Speaks as a super user; a repeat changes nothing but passwords.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from gate_store import migrate
from gate_store.postgres.address import Address
from gate_store.postgres.psycopg_client import connect
from gate_store.roles.apply import apply
from gate_store.roles.prefix import PREFIX
from plangate.containers.passwords import REGISTRY
from plangate.settings import load_settings

Conn = psycopg.Connection[Any]


def set_up(url: str, logins: Mapping[str, str], registry_password: str) -> None:
    """`logins`: a password for each. Raises psycopg.Error, StoreUrlError, UnfitStoreError."""
    migrate.upgrade(url)
    apply(url)
    with connect(Address.of(url), "plangate: logins", autocommit=True) as conn:
        for name, password in logins.items():
            _login(conn, name, password)
            _run(conn, "GRANT {} TO {}", f"{PREFIX}{name}", name)
        _login(conn, REGISTRY, registry_password)
        if not conn.execute("SELECT 1 FROM pg_database WHERE datname = %s", [REGISTRY]).fetchone():
            _run(conn, "CREATE DATABASE {} OWNER {}", REGISTRY, REGISTRY)
        for database in (REGISTRY, conn.info.dbname):  # what is everybody's by default
            _run(conn, "REVOKE ALL ON DATABASE {} FROM PUBLIC", database)
        for name in logins:
            _run(conn, "GRANT CONNECT ON DATABASE {} TO {}", conn.info.dbname, name)


def _login(conn: Conn, name: str, password: str) -> None:
    # The verifier, so that no log of the server has the password itself.
    verifier = conn.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256").decode()
    there = conn.execute("SELECT 1 FROM pg_roles WHERE rolname = %s", [name]).fetchone()
    statement = sql.SQL("ALTER ROLE {} PASSWORD {}" if there else "CREATE ROLE {} LOGIN PASSWORD {}")
    conn.execute(statement.format(sql.Identifier(name), sql.Literal(verifier)))


def _run(conn: Conn, statement: LiteralString, *names: str) -> None:
    conn.execute(sql.SQL(statement).format(*map(sql.Identifier, names)))


if __name__ == "__main__":
    set_up(
        load_settings().store_url, json.loads(Path(sys.argv[1]).read_text()), Path(sys.argv[2]).read_text()
    )
