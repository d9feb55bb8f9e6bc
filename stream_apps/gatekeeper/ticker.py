"""What the passing of time brings about. Every gatekeeper may do it: ids make repeats harmless."""

import asyncio
import logging
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from gate_events.codec import encode
from gate_events.headers import cloud_event
from gate_events.records import Record
from gate_events.topics import TOPIC_OF, key_of
from gate_store.awaited import ask_for_outcomes, settle_waiting_outcomes
from gate_store.bounded import Bounds, bounded, is_held_up
from gate_store.clock import SILENT_FOR, ask_again, ask_expiry, ask_expiry_again, settle_waiting
from gate_store.dialects import store_moment
from gate_store.doubts import ask_about_doubted, end_settled_doubts
from gate_store.lost_claims import doubt_lost_claims
from gate_store.waiting_plans import settle_waiting_plans
from stream_apps.config import AppsConfig
from stream_apps.dead_letters import DeadLetters, Origin
from stream_apps.gatekeeper.edits import edited_again
from stream_apps.gatekeeper.gatekeeping import StoreThread
from stream_apps.gatekeeper.old_events import OldEvents
from stream_apps.gatekeeper.queue_turns import QueueTurns
from stream_apps.gatekeeper.stale import InForce, ask_about_stale
from stream_apps.gatekeeper.unheard import Unheard
from stream_apps.gatekeeper.unrouted import Unrouted, a_router_works
from stream_apps.metrics import Reason
from stream_apps.patience import is_outage
from stream_apps.weather import in_plain_words

_log = logging.getLogger("plangate.gatekeeper")
_TICK_S = 1.0
_LIMIT = 500
_MARGIN = timedelta(seconds=1)  # clocks differ: the broker and another gatekeeper shall find it due as well
_UNHEARD_AFTER = timedelta(minutes=1)
_SAFE_WITHIN_S = 10.0  # the store's write lock is held meanwhile
_SOURCE = "plangate/gatekeeper"
_BOUNDS = Bounds()
_AGAIN_S = 30.0  # so seldom is tried what was held up: records wait for the store's thread meanwhile


@dataclass(frozen=True, slots=True)
class _HeldUp:
    """A part of the work that did not come through, and when it is tried again."""

    why: str = ""
    times: int = 0
    again_at: float = 0.0


class Ticker:
    """Asks for expiry, asks stale approvals again, gives up decisions whose gate never came.

    What is held up in the store, by a lock or a statement that does not end, is broken off, said and tried
    again later; the other parts of the work go on.
    """

    def __init__(
        self, config: AppsConfig, thread: StoreThread, dead_letters: DeadLetters, bounds: Bounds = _BOUNDS
    ) -> None:
        self._config = config
        self._thread = thread
        self._dead_letters = dead_letters
        self._loop = asyncio.get_running_loop()
        self._looked_at: datetime | None = None  # when outcomes that nothing cleared were last given up
        actions = config.catalogue.actions.items()
        self._idempotent = frozenset(name for name, action in actions if action.idempotent)
        self._in_force = InForce(config.catalogue)
        self._store = bounded(thread.store, bounds)
        self._held_up: dict[str, _HeldUp] = {}  # parts of the work
        self._began: float | None = None  # the tick that is under way
        self._queue_turns = QueueTurns(self._store, config.catalogue)
        self._unheard = Unheard(self._store, config.catalogue)
        republish_after = timedelta(seconds=config.republish_after_s)
        self._unrouted = Unrouted(self._store, republish_after, is_routed=self._a_router_works)
        self._old_events = OldEvents(self._store, timedelta(seconds=config.run_events_kept_s))
        self._edited_again = partial(edited_again, catalogue=config.catalogue)

    async def run(self) -> None:
        """Tick for ever. The outbox is scanned once a second anyway, so nobody is rung."""
        while True:
            await asyncio.sleep(_TICK_S)
            try:
                await self._thread.do(self.tick)
            except Exception:
                _log.exception("the clock's work failed; the next tick tries again")

    def trouble(self) -> str:
        """What of the clock's work was not done twice in a row, in words. From any thread."""
        began = self._began
        if began is not None and (for_s := time.monotonic() - began) >= self._config.stuck_after_s:
            return f"the clock's work has not ended for {for_s:.0f} s"
        return "; ".join(
            f"{part}: {held.why}" for part, held in list(self._held_up.items()) if held.times > 1
        )

    def tick(self) -> None:
        """What is due by now. In the store's thread, not on the event loop.

        Rows that one part cannot take, and what holds it up, stop no other part.
        """
        self._began = time.monotonic()
        try:
            with self._store.begin() as conn:
                now = store_moment(conn, self._config.clock())  # gatekeepers go by one clock
            for name, part in self._parts(now):
                try:
                    self._unless_held_up(name, part)
                except Exception as error:
                    if is_outage(error):
                        raise
                    _log.exception(
                        "a part of the clock's work failed (%s); the next tick tries it again", name
                    )
        finally:
            self._began = None

    def _unless_held_up(self, part: str, work: Callable[[], object]) -> None:
        """Nothing of it is done where it is held up: each transaction is rolled back as a whole."""
        held = self._held_up.get(part) or _HeldUp()
        if time.monotonic() < held.again_at:
            return
        try:
            work()
        except DBAPIError as error:
            if not is_held_up(error):
                raise
            held = _HeldUp(in_plain_words(error), held.times + 1, time.monotonic() + _AGAIN_S)
            self._held_up[part] = held
            if held.times == 1:
                _log.warning("the clock's work (%s) is held up: %s; it is tried again", part, held.why)
        else:
            if self._held_up.pop(part, None):
                _log.warning("the clock's work (%s) goes on", part)

    def _parts(self, now: datetime) -> Iterator[tuple[str, Callable[[], object]]]:
        due = now - _MARGIN
        asks_again, catalogue = self._edited_again, self._config.catalogue
        in_store: dict[str, Callable[[Connection], object]] = {
            "deadlines": lambda conn: ask_expiry(conn, due, _LIMIT),
            "deadlines once more": lambda conn: ask_expiry_again(conn, due, _UNHEARD_AFTER, _LIMIT),
            "settled doubts": lambda conn: end_settled_doubts(conn, now, _LIMIT),
            "lost claims": lambda conn: doubt_lost_claims(conn, now, self._idempotent, _LIMIT),
            "doubts": lambda conn: ask_about_doubted(conn, now),
            "use-bys": lambda conn: ask_again(conn, now, asks_again, _LIMIT),
            "outcomes": lambda conn: ask_for_outcomes(conn, now, SILENT_FOR, _LIMIT),
            # it waits for locks, and so may hold none of before
            "clearances that are not enough": lambda conn: ask_about_stale(conn, catalogue, now, _LIMIT),
        }
        for name, work in in_store.items():
            yield name, self._in_store(work)
        yield "plans that wait for a gate", lambda: self._queue_turns.take(now)
        yield "what Kafka did not bring back", lambda: self._unheard.take(now)
        yield "plans that nobody took", lambda: self._unrouted.publish(now)
        yield "old events of runs", lambda: self._old_events.forget(now)
        yield "the catalogue in force", lambda: self._look_by_what_is_in_force(now)
        if not self._dead_letters.waits:  # else this would hold the store up for nothing
            yield "what waited in vain", lambda: self._give_up(now)

    def _in_store(self, work: Callable[[Connection], object]) -> Callable[[], object]:
        def done() -> None:
            with self._store.begin() as conn:
                work(conn)

        return done

    def _a_router_works(self, conn: Connection) -> bool:
        return a_router_works(conn, self._config.clock())

    def _look_by_what_is_in_force(self, now: datetime) -> None:
        if self._in_force.is_done:
            return
        with self._store.begin() as conn:
            end = self._in_force.look(conn, now, _LIMIT)
        self._in_force.seen(end)

    def _give_up(self, now: datetime) -> None:
        """Safe among the dead letters before the store forgets that they wait."""
        patience = timedelta(seconds=self._config.patience_s)
        try:
            with self._store.begin() as conn:
                if given_up := settle_waiting(conn, now, patience):
                    self._bury(given_up)
            with self._store.begin() as conn:
                if early := settle_waiting_plans(conn, now, patience):
                    self._bury(early)
            with self._store.begin() as conn:
                uncleared = settle_waiting_outcomes(conn, now, patience, self._looked_at, _LIMIT)
                if uncleared.letters:
                    self._bury(uncleared.letters)
            if uncleared.are_all:
                self._looked_at = now
        except TimeoutError:
            _log.info("Kafka did not take the records that were given up; a later tick tries again")

    def _bury(self, letters: Sequence[tuple[Record, str]]) -> None:
        futures: list[Future[None]] = [Future() for _ in letters]

        def send() -> None:
            for (record, why), future in zip(letters, futures, strict=True):
                self._send(record, why, future)

        self._loop.call_soon_threadsafe(send)
        for future in futures:
            future.result(_SAFE_WITHIN_S)

    def _send(self, record: Record, why: str, safe: "Future[None]") -> None:
        value, headers = encode(record), cloud_event(record, _SOURCE)
        origin = Origin(TOPIC_OF[type(record)].name, event_id=record.event_id)  # the store keeps no offsets
        given_up = Reason.GIVEN_UP
        self._dead_letters.send(key_of(record), value, headers, origin, why, given_up, lambda: _settle(safe))


def _settle(safe: "Future[None]") -> None:
    if not safe.done():
        safe.set_result(None)
