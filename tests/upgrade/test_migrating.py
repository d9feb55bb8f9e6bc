"""The store is migrated while workers of the version before go on: nobody waits long for it."""

import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from sqlalchemy import Engine, text

from gate_store import migrate
from gate_store.database import open_store
from gate_store.migrate import behind, upgrade
from tests.apps.world import until
from tests.upgrade.earlier import READS_BOTH, READS_THE_FIRST, earlier
from tests.upgrade.freeze import FROZEN, thaw


def test_a_worker_that_holds_a_table_makes_the_upgrade_wait_and_nobody_else(postgres_url: str) -> None:
    thaw(postgres_url, (FROZEN / "dfbd5d4.postgresql.sql").read_text())
    store = open_store(postgres_url)
    with ThreadPoolExecutor(1) as pool, store.connect() as holder:
        holder.execute(text("LOCK TABLE runs IN ROW EXCLUSIVE MODE"))  # as an UPDATE of a stopped worker
        upgrading = pool.submit(upgrade, postgres_url)
        end = time.monotonic() + 6
        while time.monotonic() < end:
            with store.begin() as other:
                other.execute(text("SET LOCAL lock_timeout = '4s'"))
                other.execute(text("UPDATE runs SET updated_at = updated_at"))
            time.sleep(0.05)
        assert not upgrading.done()
        holder.rollback()
        upgrading.result(60)
    store.dispose()
    assert behind(postgres_url) is None


def test_a_new_table_that_refers_to_a_held_one_makes_the_upgrade_wait_and_nobody_else(
    postgres_url: str,
) -> None:
    thaw(postgres_url, (FROZEN / "dfbd5d4.postgresql.sql").read_text())
    upgrade_to("0014", postgres_url)
    store = open_store(postgres_url)
    with ThreadPoolExecutor(1) as pool, store.connect() as holder:
        holder.execute(text("LOCK TABLE clearances IN ROW EXCLUSIVE MODE"))
        upgrading = pool.submit(upgrade, postgres_url)
        until(lambda: waits_for_a_table(store))
        with store.begin() as other:
            other.execute(text("SET LOCAL lock_timeout = '4s'"))
            other.execute(text("LOCK TABLE clearances IN ROW EXCLUSIVE MODE"))  # as who clears a plan
        assert not upgrading.done()
        holder.rollback()
        upgrading.result(60)
    store.dispose()
    assert behind(postgres_url) is None


def test_a_run_that_two_versions_paused_in_turn_is_held_no_more_to_what_it_asked_before(
    store_url: str,
) -> None:
    kind = "sqlite" if store_url.startswith("sqlite") else "postgresql"
    thaw(store_url, (FROZEN / f"dfbd5d4.{kind}.sql").read_text())
    upgrade_to("0003", store_url)
    store = open_store(store_url)
    with store.begin() as conn:
        of_another = text(
            "UPDATE runs SET asked_digest = (SELECT digest FROM gates AS g WHERE g.plan_id <> runs.plan_id"
            " LIMIT 1) WHERE thread_id = 'waiting'"
        )
        conn.execute(of_another)
        conn.execute(text("UPDATE runs SET asked_digest = 'its own' WHERE thread_id = 'decided early'"))
    upgrade(store_url)
    with store.begin() as conn:
        asked = text("SELECT asked_digest FROM runs WHERE thread_id IN ('waiting', 'decided early')")
        assert sorted(conn.execute(asked).scalars(), key=str) == [None, "its own"]
    store.dispose()


@pytest.mark.long
@pytest.mark.parametrize("commit", [READS_THE_FIRST, READS_BOTH], ids=lambda commit: commit[:7])
def test_workers_of_earlier_versions_start_on_todays_schema(
    commit: str, store_url: str, tmp_path: Path
) -> None:
    with earlier(tmp_path / "earlier", commit) as old:
        old.upgrade(store_url)
        upgrade(store_url)
        assert old.behind(store_url) == "None"


def waits_for_a_table(store: Engine) -> bool:
    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'relation' AND NOT granted")
    with store.begin() as conn:
        return bool(conn.execute(waiting).scalar_one())


def upgrade_to(revision: str, url: str) -> None:
    store = open_store(url)
    config = Config()
    config.set_main_option("script_location", str(Path(migrate.__file__).parent / "migrations"))
    with store.connect() if store.dialect.name == "postgresql" else store.begin() as conn:
        config.attributes["connection"] = conn
        command.upgrade(config, revision)
    store.dispose()
