"""Keeps a run's lease while its agent plans."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

from gate_store.engine.port import FenceLostError


@asynccontextmanager
async def heartbeat(
    renew: Callable[[], Awaitable[bool]], every_s: float, lost: FenceLostError
) -> AsyncIterator[None]:
    """Call `renew` again and again; once it says no, what runs inside is cancelled and `lost` raised."""
    task = asyncio.current_task()
    gone = False

    async def beat() -> None:
        nonlocal gone
        while not gone:
            await asyncio.sleep(every_s)
            gone = not await renew()
        if task:
            task.cancel()

    beating = asyncio.create_task(beat())
    try:
        yield
    except asyncio.CancelledError:
        if gone:
            raise lost from None
        raise
    finally:
        beating.cancel()
