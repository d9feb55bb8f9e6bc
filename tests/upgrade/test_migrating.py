"""The store is migrated while workers of the version before go on: nobody waits long for it."""

import time
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import text

from gate_store.database import open_store
from gate_store.migrate import behind, upgrade
from tests.upgrade.freeze import FROZEN, thaw


def test_a_worker_that_holds_a_table_makes_the_upgrade_wait_and_nobody_else(postgres_url: str) -> None:
    thaw(postgres_url, (FROZEN / "4ac4483.postgresql.sql").read_text())
    store = open_store(postgres_url)
    with ThreadPoolExecutor(1) as pool, store.connect() as holder:
        holder.execute(text("LOCK TABLE runs IN ROW EXCLUSIVE MODE"))  # as an UPDATE of a stopped worker
        upgrading = pool.submit(upgrade, postgres_url)
        until = time.monotonic() + 6
        while time.monotonic() < until:
            with store.begin() as other:
                other.execute(text("SET LOCAL lock_timeout = '4s'"))
                other.execute(text("UPDATE runs SET updated_at = updated_at"))
            time.sleep(0.05)
        assert not upgrading.done()
        holder.rollback()
        upgrading.result(60)
    store.dispose()
    assert behind(postgres_url) is None
