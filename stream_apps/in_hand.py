"""Remembers beyond the process what it has in hand, so that a record that takes it down is known by that.

A record that was in hand at two deaths is tried alone: nothing else is in hand in the whole process. Where it
dies again, the record is buried unread. Work that does not end is a death, too: the watchdogs end it. Ends
that are no record's doing are forgotten: a stop that was asked for, a producer that cannot go on, a store
that does not answer (own_work.py tells that from work that does not end).
"""

import asyncio
import json
import logging
import os
from collections import defaultdict
from collections.abc import Awaitable, Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from stream_apps.consume import Received
from stream_apps.own_work import OwnWork

_log = logging.getLogger("plangate")

_ALONE, _BURIED = 2, 3  # deaths
_LOOK_S = 0.005

_Place = tuple[str, int, int]  # topic, partition, offset


class InHand:
    """What all apps of a process have in hand, kept in `file`; without one nothing outlives the process."""

    def __init__(self, file: Path | None) -> None:
        self.own_work = OwnWork()
        self._held: dict[str, list[Received]] = {}  # by app
        self._deaths: dict[_Place, int] = {}
        self._turn = asyncio.Lock()
        self._path = file
        self._file: int | None = None
        self._length = 0
        if file is not None:
            self._deaths = _deaths(file)
            self._open(file)

    async def handle(
        self,
        app: str,
        batch: Sequence[Received],
        handle: Callable[[list[Received]], Awaitable[None]],
        ours: Callable[[], Any],
    ) -> None:
        """Have a batch handled; while there are suspects, one part at a time in the whole process.

        `ours` tells which partitions the app has.
        """
        if self._deaths:
            self._acquit(ours())
        if not any(deaths >= _ALONE for deaths in self._deaths.values()):
            self._hold(app, batch)
            await handle(list(batch))
            return
        for part in self._parts(batch):
            async with self._turn:
                self._hold(app, part)
                await handle(part)
                while not all(received.finished for received in part):  # noqa: ASYNC110 - acks come from anywhere
                    await asyncio.sleep(_LOOK_S)

    def forget(self) -> None:
        """What is in hand is not at fault for this end."""
        if self._path is not None:
            self._path.unlink(missing_ok=True)
        self._close()

    def _parts(self, batch: Sequence[Received]) -> Iterator[list[Received]]:
        """Each suspect alone, the others as they stand together."""
        others: list[Received] = []
        for received in batch:
            deaths = self._deaths.get(_place(received), 0)
            if deaths < _ALONE:
                others.append(received)
                continue
            if others:
                yield others
                others = []
            if deaths >= _BURIED:
                received.condemned = (
                    f"the process died or hung {deaths} times with it in hand, at last with it alone"
                )
            else:
                _log.warning(
                    "%s-%d@%d was in hand at %d deaths; it is tried alone",
                    *_place(received),
                    deaths,
                    extra=received.ids,
                )
            yield [received]
        if others:
            yield others

    def _acquit(self, ours: Any) -> None:
        """Forget suspects that are finished, that come no more, and that another process has now."""
        finished: dict[tuple[str, int], int] = {}
        for held in self._held.values():
            for received in held:
                if received.finished:
                    topic, partition, offset = _place(received)
                    finished[topic, partition] = max(offset, finished.get((topic, partition), -1))
        held_now = {(tp.topic, tp.partition) for tp in ours}
        topics = {topic for topic, _ in held_now}
        for topic, partition, offset in list(self._deaths):
            elsewhere = topic in topics and (topic, partition) not in held_now
            if elsewhere or offset <= finished.get((topic, partition), -1):
                del self._deaths[topic, partition, offset]

    def _hold(self, app: str, batch: Sequence[Received]) -> None:
        for name, held in self._held.items():
            self._held[name] = [received for received in held if not received.finished]
        self._held.setdefault(app, []).extend(batch)
        if self._file is None:
            return
        try:
            content = self._content()
            os.pwrite(self._file, content.ljust(self._length), 0)
            self._length = len(content)
        except OSError as error:
            self._give_up(error)

    def _content(self) -> bytes:
        offsets: defaultdict[tuple[str, int], list[int]] = defaultdict(list)
        for held in self._held.values():
            for received in held:
                topic, partition, offset = _place(received)
                offsets[topic, partition].append(offset)
        hand = [[*tp, min(each), max(each)] for tp, each in offsets.items()]
        return json.dumps(
            {"hand": hand, "deaths": [[*place, n] for place, n in self._deaths.items()]}
        ).encode()

    def _open(self, file: Path) -> None:
        try:
            file.parent.mkdir(parents=True, exist_ok=True)
            self._file = os.open(file, os.O_WRONLY | os.O_CREAT, 0o600)
            self._length = os.fstat(self._file).st_size
        except OSError as error:
            self._give_up(error)

    def _give_up(self, error: OSError) -> None:
        _log.error(
            "%s cannot be written (%s): a record that takes the process down stays unknown", self._path, error
        )
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            os.close(self._file)
        self._file = None


def _deaths(file: Path) -> dict[_Place, int]:
    """Deaths by record: what was in hand at the last one, and how often before."""
    try:
        kept = json.loads(file.read_text(encoding="utf-8"))
        before = {(topic, partition, offset): n for topic, partition, offset, n in kept["deaths"]}
        places = [
            (topic, partition, offset)
            for topic, partition, first, last in kept["hand"]
            for offset in range(first, last + 1)
        ]
    except FileNotFoundError:
        return {}
    except (OSError, ValueError, KeyError, TypeError) as error:
        _log.warning("%s cannot be read (%s); it is begun anew", file, error)
        return {}
    return {place: before.get(place, 0) + 1 for place in places}


def _place(received: Received) -> _Place:
    message = received.message
    return message.topic, message.partition, message.offset
