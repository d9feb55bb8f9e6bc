"""`plangate store roles`: what each role needs of a store on PostgreSQL, and roles that have it."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import typer

from gate_store.roles import apply as roles_of_store
from gate_store.roles.facts import Fact
from gate_store.roles.roles import ALL_TABLES
from gate_store.store_url import is_postgres
from plangate.cli.failures import CommandError
from plangate.cli.output import print_json, say, show
from plangate.settings import load_settings

_NO_ROLES = "SQLite has no roles: whoever may write its file may do everything; keep it to one user"
_AS_OWNER = "do it as a super user, or as the tables' owner with CREATEROLE"


def roles(prefix: str, *, apply: bool, as_json: bool) -> None:
    """Print SQL that makes the roles, or make them. Raises CommandError."""
    settings = load_settings()
    if not is_postgres(settings.store_url):
        if as_json:
            print_json([])
        else:
            say(_NO_ROLES)
        return
    if not prefix:
        raise CommandError("--prefix is empty", "give one, such as plangate_")
    if apply:
        from gate_store import migrate  # noqa: PLC0415 - it brings LangGraph's checkpoints along

        if behind := migrate.behind(settings.store_url):
            raise CommandError(behind, "then apply the roles")
        _show(_applied(settings.store_url, prefix), as_json)
    elif as_json:
        print_json([_row(fact) for fact in roles_of_store.needed(settings.store_url, prefix)])
    else:
        statements = roles_of_store.statements(settings.store_url, prefix)
        typer.echo("".join(f"{each};\n" for each in ("BEGIN", *statements, "COMMIT")), nl=False)


def _applied(url: str, prefix: str) -> Mapping[Fact, str]:
    try:
        return roles_of_store.apply(url, prefix)
    except (psycopg.errors.InsufficientPrivilege, psycopg.errors.ReservedName) as error:
        said = str(error).splitlines()[0]
        raise CommandError(f"the roles were not made: {said}", _AS_OWNER) from error


def _show(states: Mapping[Fact, str], as_json: bool) -> None:
    if as_json:
        print_json([{**_row(fact), "state": state} for fact, state in states.items()])
        return
    show(list(_lines(states)), as_json=False, title="Roles", columns=("role", "may", "state", "on"))


def _row(fact: Fact) -> dict[str, Any]:
    named = {"column": fact.column, "rows": fact.rows}
    return {"role": fact.role, "may": fact.may, "on": fact.on, **{k: v for k, v in named.items() if v}}


def _lines(states: Mapping[Fact, str]) -> Iterator[dict[str, str]]:
    """A line for each role, what it may do, and state. Columns and conditions stand in --json."""
    lines: dict[tuple[str, str, str], dict[str, None]] = defaultdict(dict)
    for fact, state in states.items():
        if not fact.rows:
            lines[fact.role, fact.may or "exist", state][fact.on] = None
    for (role, may, state), names in lines.items():
        tables = [f"{name} (columns)" if _some(states, role, may, name) else name for name in names]
        yield {"role": role, "may": may, "state": state, "on": ", ".join(tables)}


def _some(states: Mapping[Fact, str], role: str, may: str, table: str) -> bool:
    """Whether it is about some of the table's columns."""
    whole = Fact(role, may, table)
    return may != "OWNER" and table in ALL_TABLES and whole not in states
