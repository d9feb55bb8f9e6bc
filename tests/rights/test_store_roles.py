"""The table of the store's roles says what the code does."""

import pytest

from gate_events.records import PolicyKept
from gate_store.outbox import BY_RESUMERS
from gate_store.roles.roles import ALL, ALL_TABLES, CHECKPOINTS, PARTS, VERSIONS, Access, Columns, Role
from gate_store.roles.rows import GUARDED, rows_of
from gate_store.tables import metadata
from tests.docs.markdown import ROOT

LIVES = {"outcomes", "own_words"}  # in the version before


def test_the_gatekeeper_and_the_auditor_see_every_table_of_ours() -> None:
    ours = {*metadata.tables, *VERSIONS} - LIVES
    assert set(PARTS[Role.GATEKEEPER]) == set(PARTS[Role.AUDITOR]) == ours
    assert set(ALL_TABLES) == {*metadata.tables, *VERSIONS, *CHECKPOINTS}


def test_columns_that_are_named_are_there() -> None:
    for part in PARTS.values():
        for table, access in part.items():
            named = {*access.reads, *access.adds, *access.changes} - {*ALL}
            if table in metadata.tables:
                assert named <= {column.name for column in metadata.tables[table].c}


def test_nobody_says_whose_a_row_is_but_who_takes_it_up() -> None:
    for role, part in PARTS.items():
        for table in ("runs", "effects", "outbox"):
            access = part.get(table, Access())
            assert "owner" not in access.adds
            takes_up = table == "effects" and role in (Role.SERVICE, Role.RESUMER)
            assert ("owner" in access.changes) == takes_up or access.changes == ALL


def test_what_decides_is_the_gatekeepers_to_write() -> None:
    decide = {"gates", "decisions", "clearances", "cleared_steps", "revisions", "revocations", "own_requests"}
    accesses = [(role, part.get(table, Access())) for role, part in PARTS.items() for table in decide]
    assert {role for role, access in accesses if access != Access(reads=access.reads)} == {Role.GATEKEEPER}


def test_a_resumer_says_what_its_relay_takes_and_its_catalogue() -> None:
    conditions = {
        each.may: str(each.found or each.left)
        for each in rows_of("public")
        if (each.role, each.table) == (Role.RESUMER, "outbox")
    }
    relayed = {record.__name__ for record in BY_RESUMERS}
    assert all(name in conditions[may] for may in ("INSERT", "UPDATE", "DELETE") for name in relayed)
    assert {may for may, words in conditions.items() if PolicyKept.__name__ in words} == {"SELECT", "INSERT"}


def test_every_role_with_a_guarded_table_has_rows_of_it() -> None:
    named = {(each.role, each.table) for each in rows_of("public")}
    assert named == {(role, table) for role, part in PARTS.items() for table in part if table in GUARDED}


def test_the_documented_table_is_this_one() -> None:
    roles = [role for role in Role if role is not Role.OWNER]
    told = {}
    for line in (ROOT / "docs" / "store-roles.md").read_text().splitlines():
        name, *cells = (cell.strip() for cell in line.strip("|").split("|"))
        if name in ALL_TABLES:
            told[name] = dict(zip(roles, cells, strict=True))
    assert told == {
        table: {role: letters(PARTS[role].get(table, Access())) for role in roles}
        for table in told.keys() | {table for part in PARTS.values() for table in part}
    }


def letters(access: Access) -> str:
    parts = (("S", access.reads), ("I", access.adds), ("U", access.changes))
    found = "".join(_letter(letter, columns) for letter, columns in parts)
    return found + "D" * access.removes or "-"


def _letter(letter: str, columns: Columns) -> str:
    if not columns:
        return ""
    return letter if columns == ALL else letter.lower()


@pytest.mark.parametrize("role", Role)
def test_every_role_is_told_of(role: Role) -> None:
    assert f"`{role}`" in (ROOT / "docs" / "store-roles.md").read_text()
