"""A store's URL at work: each client connects, and a run goes all its way."""

import asyncio

from gate_store.database import open_store
from gate_store.migrate import behind, upgrade
from gate_store.try_clients import try_clients
from tests.resumer.stage import Stage

CLIENTS = 6  # SQLAlchemy's, the notifier's, the saver's, and the engine's to claim, flush and listen


async def serves(url: str) -> None:
    """Upgrade, submit, ask, approve, resume and do: SQLAlchemy, Alembic, LangGraph's savers and asyncpg."""
    await asyncio.to_thread(try_clients, url)
    await asyncio.to_thread(upgrade, url)
    assert behind(url) is None
    stage = Stage(url, open_store(url, by_key=True))
    plan = await stage.submit()
    stage.decide(plan)
    await stage.resume()
    assert [row.state for row in stage.effects()] == ["SUCCEEDED"] * len(plan.steps)
    stage.engine.dispose()
