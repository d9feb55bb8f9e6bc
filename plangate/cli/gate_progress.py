"""What `plangate wait` and `follow` say meanwhile of the gates of their run: a line for each change."""

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, suppress
from functools import partial

from sqlalchemy.exc import InterfaceError, OperationalError

from gate_events.shown import shown
from gate_store.database import open_store
from gate_store.run_gates import GateStands, gates_of_run
from gate_store.views import What
from plangate.cli.gate_block import ID_LENGTH
from plangate.cli.moments import said
from plangate.cli.output import errors, say
from producers.store_watch import LONGEST_LOOK_S, StoreWatch


class GateProgress:
    """What was said of them so far. A gate that was closed at the first look is not spoken of."""

    def __init__(self) -> None:
        self._told: set[str] | None = None

    def news(self, gates: Sequence[GateStands]) -> list[str]:
        """The lines that were not said yet."""
        if self._told is None:
            self._told = {line for gate in gates if not gate.is_open for line in _lines(gate)}
        fresh = [line for gate in gates for line in _lines(gate) if line not in self._told]
        self._told.update(fresh)
        return fresh


def _lines(gate: GateStands) -> Iterator[str]:
    name = f"gate {str(gate.gate_id)[:ID_LENGTH]}"
    yield f"{name}: asked{f' {said(gate.asked_at)}' if gate.asked_at else ''}"
    for who, what, at in gate.views:
        yield f"{name}: {'seen by' if what is What.SEEN else 'delivered to'} {shown(who)} {said(at)}"
    if not gate.is_open:
        yield f"{name}: {gate.state}"


@asynccontextmanager
async def told_meanwhile(store_url: str, thread_id: str) -> AsyncIterator[None]:
    """Say on stderr what becomes of the gates of this run; a store that does not answer is asked again."""
    store, progress = open_store(store_url, pool_size=1), GateProgress()
    watch, gates = StoreWatch(store), partial(gates_of_run, thread_id=thread_id)

    async def look() -> None:
        with suppress(OperationalError, InterfaceError):  # whoever waits for the run says so
            for line in progress.news(await watch.look(gates)):
                say(line, errors)

    async def look_on() -> None:
        while True:
            await look()
            await asyncio.sleep(LONGEST_LOOK_S)

    looking = asyncio.create_task(look_on())
    try:
        yield
    finally:
        looking.cancel()
        with suppress(asyncio.CancelledError):
            await looking
        await look()  # at what came in the last second
        store.dispose()
