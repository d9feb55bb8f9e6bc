"""What was told, so that the judge and the honest know it from what is true. No worker ever sees this."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import msgspec

from gate_events.codec import decode, encode, to_json
from gate_events.errors import UnencodableError
from plangate.torture.lines import append


@dataclass(frozen=True)
class Lie:
    """One record of a lie; a replay is a true record at the wrong time."""

    number: int
    kind: str
    topic: str
    record: Any
    value: bytes
    replay: bool = False


@dataclass(frozen=True)
class Poison:
    """What was sent that is no record, or that its sender took back. `place`: topic, partition and offset."""

    kind: str
    place: tuple[str, str, str]
    aborted: bool
    record: Any = None  # what it says, where it says anything


class Told:
    """All lies, noted before they are sent. Read from other threads: its sets only grow."""

    def __init__(self, file: Path | None = None) -> None:
        self.lies: list[Lie] = []
        self.poison: list[Poison] = []
        self._file = file
        self._values: set[bytes] = set()
        self._records: set[bytes] = set()

    def note(self, lie: Lie) -> None:
        """It is about to be sent."""
        if not lie.replay:
            self._values.add(lie.value)
            self._records.add(_said(decode(lie.value, type(lie.record))))
        self.lies.append(lie)
        if self._file is not None:
            append(self._file, _line(lie))

    def expect(self, value: bytes, record: Any = None) -> None:
        """These bytes of poison may be on a topic from now on; `record`: what they say."""
        self._values.add(value)
        if record is not None:
            self._records.add(_said(record))

    def note_poison(self, poison: Poison) -> None:
        """It is there."""
        self.poison.append(poison)
        if self._file is not None:
            what = {"kind": poison.kind, "place": poison.place, "aborted": poison.aborted}
            append(self._file, {"at": time.time(), **what})

    def is_of_poison(self, beginning: bytes) -> bool:
        """Whether some bytes of poison begin so: a dead letter of it is cut."""
        return any(value.startswith(beginning) for value in self._values if len(value) > len(beginning))

    def is_lie(self, value: bytes | None) -> bool:
        """Whether these bytes are a lie's."""
        return value in self._values

    def is_lies_record(self, record: Any) -> bool:
        """Whether a record, from wherever it was read, says what a lie says."""
        return bool(self._records) and _said(record) in self._records


def written(record: Any) -> bytes:
    """The bytes of a lie: Avro, or plain JSON where this version writes no such word yet."""
    try:
        return encode(record)
    except UnencodableError:
        return to_json(record)


def _said(record: Any) -> bytes:
    return msgspec.json.encode(record, order="deterministic")


def _line(lie: Lie) -> dict[str, Any]:
    plan: UUID = lie.record.plan_id
    where = {"number": lie.number, "kind": lie.kind, "topic": lie.topic, "plan": str(plan)}
    return {**where, "at": time.time(), "event": str(lie.record.event_id), "replay": lie.replay}
