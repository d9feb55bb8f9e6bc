"""A database of an ordinary role, and the ways in which its server can refuse it."""

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import make_url


class Database:
    """A database whose owner is an ordinary role: limits do not bind a superuser."""

    def __init__(self, admin_url: str) -> None:
        self.role = f"role_{uuid4().hex[:10]}"
        self.admin_url = admin_url
        self.name = make_url(admin_url).database or ""
        self.url = make_url(admin_url).set(username=self.role).render_as_string(hide_password=False)
        self.say("CREATE ROLE {role} LOGIN PASSWORD {password}")
        self.say("ALTER DATABASE {name} OWNER TO {role}")

    def say(self, statement: str) -> None:
        writing = "-c default_transaction_read_only=off"
        with psycopg.connect(self.admin_url, autocommit=True, options=writing) as connection:
            names = {
                "role": sql.Identifier(self.role),
                "name": sql.Identifier(self.name),
                "password": sql.Literal(make_url(self.admin_url).password),
            }
            connection.execute(sql.SQL(statement).format(**names))

    def cut(self) -> None:
        """End the role's connections."""
        with psycopg.connect(self.admin_url, autocommit=True) as connection:
            ours = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = %s"
            connection.execute(ours, [self.role])


@contextmanager
def no_connection_left(database: Database) -> Iterator[None]:
    database.say("ALTER ROLE {role} CONNECTION LIMIT 0")
    database.cut()
    yield
    database.say("ALTER ROLE {role} CONNECTION LIMIT -1")


@contextmanager
def no_login(database: Database) -> Iterator[None]:
    database.say("ALTER ROLE {role} NOLOGIN")
    database.cut()
    yield
    database.say("ALTER ROLE {role} LOGIN")


@contextmanager
def no_rights(database: Database) -> Iterator[None]:
    database.say("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {role}")
    yield
    database.say("GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}")


@contextmanager
def read_only(database: Database) -> Iterator[None]:
    """As hosts do with a database that grew too large: connections made now stay so for good."""
    database.say("ALTER DATABASE {name} SET default_transaction_read_only = on")
    database.cut()
    yield
    database.say("ALTER DATABASE {name} SET default_transaction_read_only = off")
