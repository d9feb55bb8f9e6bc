"""A store on PostgreSQL whose roles are made, and logins that are members of one each."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import uuid4

import psycopg
from psycopg import sql
from sqlalchemy import Engine, make_url

from gate_store.database import open_store
from gate_store.migrate import upgrade
from gate_store.roles.apply import apply
from gate_store.roles.roles import Role
from plangate.dev.postgres import PostgresServer

PASSWORD = "s3same"  # noqa: S105 - of logins that live as long as a test


@dataclass
class Logins:
    """A database of one test; roles are the whole server's, so that theirs have a prefix of their own."""

    url: str
    prefix: str
    made: list[str] = field(default_factory=list)

    def url_of(self, role: Role | None, name: str = "one") -> str:
        """The store's URL for a login of this name, member of the role; None: of none."""
        login = f"{self.prefix}{role or 'nobody'}_{name}"
        if login not in self.made:
            self.run("CREATE ROLE {} LOGIN PASSWORD {}", sql.Identifier(login), sql.Literal(PASSWORD))
            self.made.append(login)
            if role:
                group = sql.Identifier(f"{self.prefix}{role}")
                self.run("GRANT {} TO {}", group, sql.Identifier(login))
        return self.url_with(login)

    def url_with(self, login: str) -> str:
        at = make_url(self.url).set(username=login, password=PASSWORD)
        return at.render_as_string(hide_password=False)

    @contextmanager
    def store(self, role: Role, name: str = "one") -> Iterator[Engine]:
        """The store as SQLAlchemy has it, for such a login."""
        engine = open_store(self.url_of(role, name), by_key=role is Role.GATEKEEPER)
        try:
            yield engine
        finally:
            engine.dispose()

    def run(self, statement: str, *names: sql.Composable) -> None:
        """As super user."""
        with psycopg.connect(self.url, autocommit=True) as admin:
            admin.execute(sql.SQL(statement).format(*names))

    def ready(self) -> "Logins":
        """Its tables and its roles are made."""
        upgrade(self.url)
        apply(self.url, self.prefix)
        return self


@contextmanager
def logins_on(server: PostgresServer) -> Iterator[Logins]:
    """An empty database; it goes with all roles of its prefix."""
    name = f"test_{uuid4().hex[:12]}"
    logins = Logins(server.create_database(name), f"{name}_")
    try:
        yield logins
    finally:
        server.drop_database(name)
        _forget(server, logins)


def _forget(server: PostgresServer, logins: Logins) -> None:
    with psycopg.connect(server.url(), autocommit=True) as admin:
        found = admin.execute(
            "SELECT rolname FROM pg_roles WHERE starts_with(rolname, %s)", [logins.prefix]
        ).fetchall()
        for login in [*logins.made, *(row[0] for row in found if row[0] not in logins.made)]:
            admin.execute(sql.SQL("DROP ROLE {}").format(sql.Identifier(login)))
