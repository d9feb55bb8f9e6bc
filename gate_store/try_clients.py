"""Connects to a store as everything that works with it does, before anything does."""

import asyncio

from sqlalchemy import text

from gate_store.database import open_store
from gate_store.engine.open import open_engine_store, open_notifier
from gate_store.savers.open import open_saver
from gate_store.savers.postgres import FencedPostgresSaver
from gate_store.store_url import is_postgres


def try_clients(url: str) -> None:
    """Open and close each kind of connection that workers, agents and upgrades open; changes nothing.

    A SQLite file has one kind, and is made by the upgrade alone: nothing is tried.
    Raises StoreUrlError, UnfitStoreError; sqlalchemy.exc.DBAPIError or NotConnectedError from the client that
    cannot connect, whatever the others can.
    """
    if not is_postgres(url):
        return
    store = open_store(url, pool_size=1, by_key=True)
    try:
        with store.connect() as conn:
            conn.execute(text("SELECT 1"))
    finally:
        store.dispose()
    notifier = open_notifier(url)
    if notifier is not None:
        notifier.open()
        notifier.close()
    asyncio.run(_try_async(url))


async def _try_async(url: str) -> None:
    engine = open_engine_store(url)
    try:
        await engine.open()
    finally:
        await engine.close()
    async with open_saver(url) as saver:
        if isinstance(saver, FencedPostgresSaver):
            async with saver._cursor() as cursor:
                await cursor.execute("SELECT 1")
