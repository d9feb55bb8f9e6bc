"""The stores that tests begin with are what `plangate store upgrade` makes."""

from sqlalchemy import inspect

from gate_store.database import open_store
from gate_store.migrate import behind
from gate_store.tables import metadata
from tests.stores import migrated


def test_a_copied_store_lacks_nothing(store_url: str) -> None:
    migrated(store_url)
    assert behind(store_url) is None
    store = open_store(store_url)
    with store.begin() as conn:
        assert set(metadata.tables) <= set(inspect(conn).get_table_names())
    store.dispose()
