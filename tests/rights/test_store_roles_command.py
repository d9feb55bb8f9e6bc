"""`plangate store roles`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from gate_store.migrate import upgrade
from gate_store.roles.apply import apply, missing
from gate_store.roles.roles import Role
from plangate.dev.postgres import PostgresServer
from tests.cli.commands import NO_BROKER, Shell
from tests.connections.reachable import url_with
from tests.rights.logins import PASSWORD, Logins, logins_on

pytestmark = pytest.mark.postgres


@pytest.fixture
def empty(postgres_server: PostgresServer) -> Iterator[Logins]:
    """A database without roles."""
    with logins_on(postgres_server) as made:
        upgrade(made.url)
        yield made


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    return Shell(tmp_path, {"PLANGATE_KAFKA_BOOTSTRAP_SERVERS": NO_BROKER, "COLUMNS": "80"})


def of(shell: Shell, url: str) -> Shell:
    return shell.with_(PLANGATE_STORE_URL=url)


def states(rows: list[dict[str, Any]]) -> set[str]:
    return {row["state"] for row in rows}


def test_sqlite_has_no_roles_and_that_is_said(shell: Shell, sqlite_url: str) -> None:
    said = of(shell, sqlite_url).run("store", "roles")
    assert (said.code, said.err) == (0, "")
    assert "SQLite has no roles" in said.out
    assert of(shell, sqlite_url).run("store", "roles", "--json", "--apply").json == []


def test_what_is_printed_makes_the_same_as_apply(shell: Shell, empty: Logins) -> None:
    said = of(shell, empty.url).run("store", "roles", "--prefix", empty.prefix)
    with psycopg.connect(empty.url, autocommit=True) as admin:
        admin.execute(said.out.encode())
    assert set(apply(empty.url, empty.prefix).values()) == {"there"}


def test_a_repeat_changes_nothing(shell: Shell, empty: Logins) -> None:
    given = ("store", "roles", "--apply", "--prefix", empty.prefix)
    assert states(of(shell, empty.url).run(*given, "--json").json) == {"made"}
    before = catalogue(empty)
    assert states(of(shell, empty.url).run(*given, "--json").json) == {"there"}
    assert catalogue(empty) == before
    table = of(shell, empty.url).run(*given).out
    assert "there" in table
    assert max(len(line) for line in table.splitlines()) <= 80


def catalogue(logins: Logins) -> list[Any]:
    """Rows of the catalogue that rights and policies are in, each with who wrote it last."""
    with psycopg.connect(logins.url) as conn:
        return [
            sorted(conn.execute(sql.SQL("SELECT xmin::text FROM {}").format(sql.Identifier(name))).fetchall())
            for name in ("pg_class", "pg_attribute", "pg_policy", "pg_proc", "pg_namespace")
        ]


def test_what_a_role_has_beyond_its_part_is_taken_and_what_it_lost_is_given(logins: Logins) -> None:
    agent = sql.Identifier(f"{logins.prefix}agent")
    logins.run("GRANT SELECT ON decisions TO {}", agent)
    logins.run("GRANT INSERT ON gates TO PUBLIC")
    logins.run("REVOKE INSERT (body) ON outbox FROM {}", agent)
    logins.run("ALTER TABLE runs DISABLE ROW LEVEL SECURITY")
    changed = {
        (fact.role.removeprefix(logins.prefix), fact.may, fact.on): state
        for fact, state in apply(logins.url, logins.prefix).items()
        if state != "there"
    }
    assert changed["agent", "SELECT", "decisions"] == "taken"
    assert changed["PUBLIC", "INSERT", "gates"] == "taken"
    assert changed["agent", "INSERT", "outbox"] == "made"
    assert changed["agent", "UPDATE", "runs"] == "made"
    assert set(apply(logins.url, logins.prefix).values()) == {"there"}


def test_what_roles_lack_after_an_upgrade_is_told(shell: Shell, logins: Logins) -> None:
    assert missing(logins.url, logins.prefix) == []
    assert missing(logins.url, f"{logins.prefix}none_") is None
    logins.run("DROP TABLE own_words")
    logins.run("CREATE TABLE own_words (event_id uuid)")  # as a migration makes one
    logins.run("ALTER TABLE effects DISABLE ROW LEVEL SECURITY")
    lacks = missing(logins.url, logins.prefix)
    assert lacks
    owner, *rows = lacks
    assert owner == f"{logins.prefix}owner: OWNER on own_words"
    assert f"{logins.prefix}service: rows of effects" in rows
    told = of(shell, logins.url).run("doctor", "--json").findings["store's roles"]
    assert (told["state"], told["found"]) == (
        "ok",
        "none begin with plangate_: each login may do what it was given",
    )


def test_other_schemas_and_odd_names_are_honoured(shell: Shell, postgres_server: PostgresServer) -> None:
    with logins_on(postgres_server) as made:
        made.run('CREATE SCHEMA "Ga ""te"')
        url = url_with(made.url, options='-csearch_path="Ga\\ ""te"')
        upgrade(url)
        made.prefix += 'it\'s "odd" '
        given = ("store", "roles", "--apply", "--json", "--prefix", made.prefix)
        assert states(of(shell, url).run(*given).json) == {"made"}
        assert states(of(shell, url).run(*given).json) == {"there"}
        agent = url_with(made.url_of(Role.AGENT), options='-csearch_path="Ga\\ ""te"')
        with psycopg.connect(agent) as conn:
            assert conn.execute("SELECT count(*) FROM runs").fetchone() == (0,)
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                conn.execute("SELECT count(*) FROM decisions")


def test_an_owner_who_is_no_super_user_makes_them_and_upgrades_go_on(postgres_server: PostgresServer) -> None:
    with logins_on(postgres_server) as made:
        boss = f"{made.prefix}boss"
        made.run("CREATE ROLE {} LOGIN CREATEROLE PASSWORD {}", sql.Identifier(boss), sql.Literal(PASSWORD))
        made.made.append(boss)
        made.run("GRANT CREATE, USAGE ON SCHEMA public TO {} WITH GRANT OPTION", sql.Identifier(boss))
        made.run("ALTER SCHEMA public OWNER TO {}", sql.Identifier(boss))
        upgrade(made.url_with(boss))
        assert set(apply(made.url_with(boss), made.prefix).values()) == {"made"}
        deputy = made.url_of(Role.OWNER, "deputy")
        made.run("UPDATE alembic_version SET version_num = '0004'")
        upgrade(deputy)  # what broke off after its last statement is repeated, by another owner
        assert set(apply(deputy, made.prefix).values()) == {"there"}


@pytest.mark.parametrize(
    ("role", "words"), [(Role.ROUTER, "do it as a super user"), (Role.AGENT, "does not allow this user")]
)
def test_who_may_not_make_roles_hears_it_in_one_line(
    shell: Shell, logins: Logins, role: Role, words: str
) -> None:
    given = ("store", "roles", "--apply", "--prefix", f"{logins.prefix}more_")
    of(shell, logins.url_of(role)).run(*given).complains("permission denied", words)


def test_before_the_tables_there_are_no_roles(shell: Shell, postgres_url: str) -> None:
    of(shell, postgres_url).run("store", "roles", "--apply").complains("plangate store upgrade")


def test_a_prefix_that_postgres_keeps_for_itself_is_refused_in_one_line(shell: Shell, empty: Logins) -> None:
    of(shell, empty.url).run("store", "roles", "--apply", "--prefix", "pg_").complains("pg_", "reserved")
