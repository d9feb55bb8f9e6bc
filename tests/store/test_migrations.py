"""The schema comes from the migrations, and is what the code believes it to be."""

import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from langgraph.checkpoint.postgres import PostgresSaver
from langgraph.checkpoint.sqlite import SqliteSaver
from sqlalchemy import Engine, create_engine, inspect, text

from gate_store.database import open_store
from gate_store.migrate import ahead, behind, upgrade
from gate_store.tables import metadata

LANGGRAPHS = {"checkpoints", "checkpoint_blobs", "checkpoint_writes", "checkpoint_migrations", "writes"}


def is_ours(name: str | None, kind: str, _: object) -> bool:
    return kind != "table" or name not in LANGGRAPHS


def test_the_migrated_schema_is_the_metadata(store: Engine) -> None:
    with store.connect() as conn:
        context = MigrationContext.configure(
            conn,
            opts={
                "compare_type": True,
                "include_name": lambda name, kind, _: kind != "table" or name not in LANGGRAPHS,
            },
        )
        assert compare_metadata(context, metadata) == []


def test_every_constraint_and_index_is_migrated_as_it_stands(store: Engine) -> None:
    """What alembic does not compare: checks, and the conditions of partial indexes."""
    straight = create_engine("sqlite://") if store.dialect.name == "sqlite" else store
    schema = None if store.dialect.name == "sqlite" else "straight"
    if schema:
        with store.begin() as conn:
            conn.execute(text("CREATE SCHEMA straight"))
        straight = store.execution_options(schema_translate_map={None: schema})
    metadata.create_all(straight)
    migrated_, straight_ = inspect(store), inspect(straight)
    for table in metadata.tables:
        theirs = straight_.get_check_constraints(table, schema)
        assert by_name(migrated_.get_check_constraints(table)) == by_name(theirs), table
        assert by_name(migrated_.get_indexes(table)) == by_name(straight_.get_indexes(table, schema)), table
        primary = straight_.get_pk_constraint(table, schema)
        assert migrated_.get_pk_constraint(table)["name"] == primary["name"]
        assert {each["name"] for each in migrated_.get_foreign_keys(table)} == {
            each["name"] for each in straight_.get_foreign_keys(table, schema)
        }
    straight.dispose()


def by_name(found: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    return {str(each["name"]): as_text(each) for each in found}


def as_text(part: Any) -> str:
    if isinstance(part, dict):
        return str({key: as_text(value) for key, value in part.items()})
    return str(part).replace("straight.", "")


def test_an_empty_store_is_behind_until_it_is_upgraded(store_url: str) -> None:
    said = behind(store_url)
    assert said
    assert "plangate store upgrade" in said
    assert "\n" not in said
    upgrade(store_url)
    assert behind(store_url) is None


def test_asking_creates_no_store(sqlite_url: str, tmp_path: Path) -> None:
    said = behind(sqlite_url)
    assert said
    assert "does not exist" in said
    assert list(tmp_path.iterdir()) == []


def test_an_upgrade_may_be_repeated(store: Engine, store_url: str) -> None:
    with store.begin() as conn:
        conn.execute(
            text(
                "INSERT INTO outbox (event_id, record, key, body, created_at) VALUES "
                "('00000000000000000000000000000001', 'r', 'k', 'b', '2026-01-01')"
            )
        )
    upgrade(store_url)
    with store.begin() as conn:
        assert conn.execute(text("SELECT count(*) FROM outbox")).scalar() == 1


def test_workers_that_start_together_upgrade_together(postgres_url: str) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(upgrade, [postgres_url] * 4))
    assert behind(postgres_url) is None


def migrate_to_the_future(store: Engine, *statements: str) -> None:
    with store.begin() as conn:
        for statement in (*statements, "UPDATE alembic_version SET version_num = '9999'"):
            conn.execute(text(statement))


def test_a_schema_that_a_newer_version_widened_is_worked_on(store: Engine, store_url: str) -> None:
    assert ahead(store_url) is None
    migrate_to_the_future(
        store,
        "CREATE TABLE signatures (id INTEGER PRIMARY KEY)",
        "ALTER TABLE runs ADD COLUMN colour TEXT",
        "ALTER TABLE gates ADD COLUMN weight INTEGER NOT NULL DEFAULT 0",
    )
    assert behind(store_url) is None
    said = ahead(store_url)
    assert said
    assert "9999" in said
    assert "newer" in said


def test_an_upgrade_leaves_a_newer_schema_as_it_is(store: Engine, store_url: str) -> None:
    migrate_to_the_future(store)
    upgrade(store_url)
    assert "9999" in (ahead(store_url) or "")


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ("ALTER TABLE plan_outcomes DROP COLUMN status", "plan_outcomes has no column status"),
        ("ALTER TABLE outbox RENAME TO sayings", "it has no table outbox"),
    ],
)
def test_a_newer_schema_without_what_this_version_needs_is_refused(
    store: Engine, store_url: str, change: str, problem: str
) -> None:
    migrate_to_the_future(store, change)
    said = behind(store_url)
    assert said
    assert "9999, newer than this Plangate knows" in said
    assert problem in said
    assert "update Plangate" in said


def test_a_newer_column_that_must_be_given_is_refused(postgres_url: str) -> None:
    upgrade(postgres_url)
    store = open_store(postgres_url)
    migrate_to_the_future(store, "ALTER TABLE runs ADD COLUMN colour TEXT NOT NULL")
    store.dispose()
    assert "runs.colour must be given" in (behind(postgres_url) or "")


def test_missing_checkpoint_tables_are_named(store: Engine, store_url: str) -> None:
    with store.begin() as conn:
        sqlite = conn.dialect.name == "sqlite"
        conn.execute(text("DROP TABLE writes" if sqlite else "DELETE FROM checkpoint_migrations WHERE v > 3"))
    said = behind(store_url)
    assert said
    assert ("no table writes" if sqlite else "version 3") in said


def test_langgraphs_stock_savers_find_their_tables(store: Engine, store_url: str) -> None:
    config = {"configurable": {"thread_id": "t", "checkpoint_ns": ""}}
    if store.dialect.name == "sqlite":
        with SqliteSaver.from_conn_string(str(store.url.database)) as lite:
            assert lite.get_tuple(config) is None  # type: ignore[arg-type]
    else:
        with PostgresSaver.from_conn_string(store_url) as saver:
            assert saver.get_tuple(config) is None  # type: ignore[arg-type]


def test_the_migrations_are_found_from_any_folder(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'far.db'}"
    code = f"from gate_store.migrate import upgrade, behind; upgrade({url!r}); assert behind({url!r}) is None"
    root = str(Path(__file__).parents[2])
    subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env={"PYTHONPATH": root}, check=True, timeout=60
    )
