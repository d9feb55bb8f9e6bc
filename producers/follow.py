"""What the nodes of a run say behind its gate, for whoever submitted it."""

import asyncio
from collections.abc import AsyncIterator
from functools import partial

from sqlalchemy import Connection

from gate_store.database import open_store
from gate_store.run_ends import where_run_stands
from gate_store.run_events import RunEvent, events_behind
from gate_store.secret_files import from_environment
from producers.store_watch import FIRST_LOOK_S, LONGEST_LOOK_S, StoreWatch
from producers.submit import NoStoreError

_AT_ONCE = 500
_UNANSWERED: tuple[bool, list[RunEvent]] = (False, [])


async def follow(thread_id: str, *, behind: int = 0, store_url: str | None = None) -> AsyncIterator[RunEvent]:
    """The custom events of a run's nodes behind its gates, as they come, until the run has ended.

    They are what nodes give to LangGraph's `get_stream_writer()`; they prove nothing. Those `behind` a number
    come, 0: all. A run that waits for a human has not ended. A store that answered once, and then does not,
    is waited for. `store_url` as in `submit`.
    Raises NoSuchRunError; NoStoreError; StoreUrlError, UnfitStoreError where the store cannot be used.
    """
    url = store_url or from_environment("PLANGATE_STORE_URL")
    if not url:
        raise NoStoreError
    store = open_store(url, pool_size=1)
    watch, pause = StoreWatch(store), FIRST_LOOK_S
    try:
        has_ended, events = await watch.look(partial(_look, thread_id, behind))
        while True:
            for event in events:
                behind = event.number
                yield event
            if has_ended and not events:
                return
            pause = FIRST_LOOK_S if events else min(2 * pause, LONGEST_LOOK_S)
            if len(events) < _AT_ONCE and not has_ended:
                await asyncio.sleep(pause)
            has_ended, events = await watch.look_again(partial(_look, thread_id, behind), _UNANSWERED)
    finally:
        store.dispose()


def _look(thread_id: str, behind: int, conn: Connection) -> tuple[bool, list[RunEvent]]:
    """First where it stands: what a run says is written before it ends."""
    has_ended = where_run_stands(conn, thread_id).has_ended
    conn.rollback()  # what was committed meanwhile counts
    return has_ended, events_behind(conn, thread_id, behind, _AT_ONCE)
