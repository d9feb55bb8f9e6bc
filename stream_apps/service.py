"""A running Faust app: its consumer, its handler and whatever works beside them."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from functools import partial
from typing import Any

from stream_apps.config import AppsConfig
from stream_apps.consume import Intake, Received
from stream_apps.exits import BROKEN, UNFINISHED, leave
from stream_apps.in_hand import InHand
from stream_apps.made_anew import follow_topics
from stream_apps.plain_errors import in_thread
from stream_apps.producing import KafkaWriter
from stream_apps.rights import await_rights, right_withdrawn
from stream_apps.serve import serve
from stream_apps.watchdog import watch

_log = logging.getLogger("plangate")

_ASK_S = 3.0
_AGAIN_S = 0.5


class Service:
    """One app, from `run` until `stop` is set or the app stops by itself."""

    def __init__(
        self,
        intake: Intake,
        writer: KafkaWriter,
        handle: Callable[[list[Received]], Awaitable[None]],
        limit: int,
        beside: Sequence[Callable[[], Coroutine[Any, Any, None]]] = (),
        close: Callable[[], None] = lambda: None,
        lacks: Callable[[], str] = str,
        trouble: Callable[[], str] = str,
    ) -> None:
        """`lacks` says which rights on Kafka are missing; it blocks. `trouble` is that of the work beside."""
        self._intake = intake
        self._app = intake.app
        self._writer = writer
        self._handle = handle
        self._limit = limit
        self._beside = beside
        self._close = close
        self._lacks = lacks
        self._trouble = trouble

    def trouble(self) -> str:
        """Why nothing is served now, in words; empty where it is. It blocks for some seconds."""
        return self._trouble() if self._writer.answers(_ASK_S) else "Kafka does not answer"

    async def run(
        self, config: AppsConfig, in_hand: InHand, stop: asyncio.Event, serves: Callable[[], None]
    ) -> None:
        """Serve until `stop`, and say so by `serves`; an app that stops by itself ends the process."""
        stopping = asyncio.ensure_future(stop.wait())
        crashed = asyncio.ensure_future(self._app._crashed.wait())
        starting = asyncio.ensure_future(self._start())
        tasks = self._start_tasks(config, in_hand)
        try:
            await asyncio.wait({stopping, crashed, starting}, return_when=asyncio.FIRST_COMPLETED)
            self._leave_if_it_crashed(starting, in_hand)
            if starting.done():
                _log.info("%s serves", self._app.conf.id)
                following = partial(follow_topics, self._intake, config)
                tasks.append(asyncio.ensure_future(_for_ever(following)))
                serves()
                await asyncio.wait({stopping, crashed}, return_when=asyncio.FIRST_COMPLETED)
                self._leave_if_it_crashed(starting, in_hand)
            in_hand.forget()  # told to stop, it may be killed before it is done: no record's doing
            await self._wind_down(config.stop_within_s)
        finally:
            for task in [*tasks, stopping, crashed, starting]:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._writer.close()
            self._close()

    async def _start(self) -> None:
        """Start once a broker is there and allows it: Faust would end the process, and the next one alike."""
        if not await in_thread(self._writer.answers, _ASK_S):
            _log.warning("Kafka is away: it does not answer %s; trying on", self._app.conf.id)
            while not await in_thread(self._writer.answers, _ASK_S):  # noqa: ASYNC110 - it asks each time
                await asyncio.sleep(_AGAIN_S)
            _log.warning("Kafka is back")
        await await_rights(self._app.conf.id, self._lacks, self._intake.progress)
        await self._app.start()

    def _start_tasks(self, config: AppsConfig, in_hand: InHand) -> list[asyncio.Task[None]]:
        works = [
            serve(self._intake, in_hand, self._limit, self._handle),
            watch(self._intake, in_hand, self._writer, config),
            *(_for_ever(begin) for begin in self._beside),
        ]
        return [asyncio.ensure_future(work) for work in works]

    async def _wind_down(self, within_s: float) -> None:
        """Faust takes no more records, waits for those in work, and commits; then it leaves the group."""
        self._intake.progress.stopping = True
        try:
            await asyncio.wait_for(self._app.stop(), within_s)
        except TimeoutError:
            leave(UNFINISHED, f"{self._app.conf.id} did not finish its work within {within_s:.0f} s")

    def _leave_if_it_crashed(self, starting: "asyncio.Future[Any]", in_hand: InHand) -> None:
        """At once: threads of the apps beside it would keep the process, and its partitions, for ever."""
        failed = starting.exception() if starting.done() and not starting.cancelled() else None
        reason = failed or self._app.crash_reason
        if reason is not None and (words := right_withdrawn(reason)):
            in_hand.forget()  # no record's doing
            leave(BROKEN, f"{self._app.conf.id} stops: {words}")
        if reason is not None:
            leave(BROKEN, f"{self._app.conf.id} stopped by itself: {reason!r}", reason)


async def _for_ever(begin: Callable[[], Coroutine[Any, Any, None]]) -> None:
    """Work that has no end; a fault in it ends the process."""
    try:
        await begin()
    except asyncio.CancelledError:
        raise
    except BaseException as error:
        leave(BROKEN, "a worker met a fault of its own", error)
