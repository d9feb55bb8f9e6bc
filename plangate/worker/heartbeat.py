"""Says every ten seconds, in the store, that this process lives: `plangate doctor` hears it there.

A thread with a connection of its own: neither a long transaction nor a busy event loop keeps it from beating,
and it keeps neither from working.
"""

import logging
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from secrets import token_hex

from sqlalchemy import Engine

from gate_policy.catalogue import Catalogue
from gate_store.database import open_store, utc_now
from gate_store.heartbeats import BEAT_S, Process, beat, begin_to_beat, end_beating
from plangate.settings import host_name
from plangate.worker.slots import Slot
from stream_apps.metrics import serving

log = logging.getLogger("plangate.worker")

Trouble = Callable[[], str]
"""Why a part is not done now, in words; empty where it is. It may block for some seconds."""

_END_S = 5.0  # a store that does not answer keeps no process from ending


def not_yet() -> str:
    """The trouble of a part that is about to start."""
    return "it does not serve yet"


class Heartbeat:
    """Beats from `beating` on, for each of `parts`, until that block ends."""

    def __init__(
        self, store_url: str, process: Process, parts: Iterable[str], every_s: float = BEAT_S
    ) -> None:
        self._store_url = store_url
        self._process = process
        self._troubles: dict[str, Trouble] = dict.fromkeys(parts, not_yet)
        self._every_s = every_s
        self._soon = threading.Event()
        self._ended = self._ended_well = False
        self._fails = False

    @contextmanager
    def beating(self) -> Iterator[None]:
        """Beat. A clean end of the block is told; after a fault the process is just heard of no more."""
        thread = threading.Thread(target=self._run, name="heartbeat", daemon=True)
        thread.start()
        try:
            yield
            self._ended_well = True
        finally:
            self._ended = True
            self._soon.set()
            thread.join(_END_S)

    def serves(self, part: str, trouble: Trouble = str) -> None:
        """From now on `part` is done, but for what `trouble` says; said at once."""
        self._troubles[part] = trouble
        self._soon.set()

    def _run(self) -> None:
        store = open_store(self._store_url, pool_size=1)
        try:
            while True:
                self._soon.clear()
                if self._ended:  # asked after it was cleared, so that no end is slept through
                    break
                self._try(partial(self._beat, store))
                self._soon.wait(self._every_s)
            if self._ended_well:
                self._try(partial(self._end, store))
        finally:
            store.dispose()

    def _try(self, work: Callable[[], None]) -> None:
        try:
            work()
            self._fails = False
        except Exception as error:  # whatever it is, the next one may get through
            if not self._fails:
                first = (str(error).strip() or type(error).__name__).splitlines()[0]
                log.warning("the heartbeat does not get through: %s; trying on", first)
            self._fails = True

    def _beat(self, store: Engine) -> None:
        name, troubles = self._process.name, self._ask()
        with store.begin() as conn:
            known = [beat(conn, name, part, trouble, utc_now()) for part, trouble in troubles.items()]
            if not all(known):  # the first time, or after the store was restored
                begin_to_beat(conn, self._process, troubles, utc_now())

    def _end(self, store: Engine) -> None:
        with store.begin() as conn:
            end_beating(conn, self._process.name, self._troubles)

    def _ask(self) -> Mapping[str, str | None]:
        said = {part: trouble() or None for part, trouble in list(self._troubles.items())}
        for part, trouble in said.items():
            serving(part, is_done=not trouble)
        return said


def process_at(slot: Slot, catalogue: Catalogue) -> Process:
    """This process, under a name that no other start has."""
    return Process(
        name=f"{slot.name}-{token_hex(4)}",
        instance=slot.instance,
        host=host_name(),
        version=version("plangate"),
        catalogue=catalogue.digest,
    )
