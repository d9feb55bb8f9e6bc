"""Writes down what nodes say with LangGraph's stream writer, beside their run, for whoever follows it."""

import asyncio
import logging
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import msgspec
from sqlalchemy import Engine

from gate_events.json_text import kept_result
from gate_store.database import Clock, utc_now
from gate_store.engine.port import ClaimedRun
from gate_store.run_events import note_events
from stream_apps.resumer.config import NoteEvents
from stream_apps.weather import first_line

log = logging.getLogger(__name__)

MOST_EVENTS = 1_000  # of one claim
LARGEST_BYTES = 16_384
WRITTEN_WITHIN_S = 5.0


class RunEvents:
    """The events of one claim, in their order. What cannot be written is lost: no run waits long for it."""

    def __init__(self, claimed: ClaimedRun, note: NoteEvents) -> None:
        self._claimed = claimed
        self._note = note
        self._waiting: list[str] = []
        self._said = 0
        self._writing: asyncio.Task[None] | None = None

    def say(self, event: object) -> None:
        """Let an event be written soon."""
        self._said += 1
        if self._said > MOST_EVENTS + 1:
            return
        self._waiting.append(_text(event) if self._said <= MOST_EVENTS else _LAST)
        if self._writing is None or self._writing.done():
            self._writing = asyncio.create_task(self._write())

    async def written(self) -> None:
        """Wait, within reason, until all that was said is written: before the run is seen to have ended."""
        if self._writing is not None:
            await asyncio.wait([self._writing], timeout=WRITTEN_WITHIN_S)

    async def _write(self) -> None:
        while self._waiting:
            batch, self._waiting = self._waiting, []
            try:
                await self._note(self._claimed, batch)
            except Exception as error:
                ids = {"thread_id": self._claimed.thread_id}
                log.warning("%d events of a run are not kept: %s", len(batch), first_line(error), extra=ids)


def _text(event: object) -> str:
    kept, why = kept_result(event)
    text = _json(kept)
    if why or len(text.encode()) > LARGEST_BYTES:
        return _json({"left_out": why or f"an event of {len(text.encode()):,} bytes"})
    return text


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()


class EventsInStore:
    """Notes events in the store, by a thread of its own: graphs may have taken all that the loop lends."""

    def __init__(self, engine: Engine, now: Clock = utc_now) -> None:
        self._engine = engine
        self._now = now
        self._thread = ThreadPoolExecutor(1, "run-events")

    async def note(self, run: ClaimedRun, events: Sequence[str]) -> None:
        """Append events, JSON texts. Raises what the store raises."""
        await asyncio.get_running_loop().run_in_executor(self._thread, self._note, run, events)

    def _note(self, run: ClaimedRun, events: Sequence[str]) -> None:
        with self._engine.begin() as conn:
            note_events(conn, run.thread_id, run.plan_id, events, self._now())


_LAST = _json({"left_out": f"all behind the first {MOST_EVENTS:,} events"})
