"""The dead letters: each a record's own bytes, with headers that say where it came from and what killed it.

Whoever may write the topic wrote those headers, so they are claims: `originals` holds them against the topic
that they name. What was done about a letter stands behind it on the same topic, as a mark: no bytes, its id,
and a word.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import cast

from confluent_kafka import Message

from gate_events.headers import DEAD_LETTER
from gate_events.topics import DEAD_LETTERS
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from producers.kafka_producer import KafkaProducer

_MARK = f"{DEAD_LETTER}mark"
_ID = f"{DEAD_LETTER}event_id"


class Mark(StrEnum):
    """What a person did about a letter."""

    REPLAYED = "replayed"
    DISCARDED = "discarded"


@dataclass(frozen=True)
class Letter:
    """One record on `dead-letters`. `said` is what its headers claim, without their prefix."""

    place: str  # PARTITION@OFFSET on dead-letters: unlike its id, no other letter has it
    at: datetime
    key: bytes | None
    value: bytes | None
    own: list[tuple[str, bytes | None]]  # the record's headers
    said: dict[str, str]

    @property
    def id(self) -> str:
        """What its headers call it, else its place."""
        return self.said.get("event_id") or self.place

    @property
    def sha256(self) -> str:
        """Of key and value, to tell two letters of one id apart."""
        whole = self.value or b""
        return hashlib.sha256(b"%d:" % len(whole) + whole + (self.key or b"")).hexdigest()

    @property
    def is_cut(self) -> bool:
        """Whether it holds only the beginning of its record."""
        return "sha256" in self.said


def letters(settings: Settings) -> Iterator[Letter]:
    """All letters that are there now, one by one. Raises KafkaException."""
    for message in _messages(settings):
        if not _is_mark(message):
            yield _letter(message)


def marks(settings: Settings) -> dict[str, Mark]:
    """What was done about which letter, by its id. Raises KafkaException."""
    found = {}
    for message in _messages(settings):
        said = _said(message)
        if _is_mark(message) and said["mark"] in set(Mark):
            found[said.get("event_id", "")] = Mark(said["mark"])
    return found


def mark(producer: KafkaProducer, letter: Letter, as_what: Mark) -> None:
    """Note behind a letter what was done about it."""
    now = datetime.now(UTC).isoformat().encode()
    headers = [(_ID, letter.id.encode()), (_MARK, as_what.encode()), (f"{DEAD_LETTER}at", now)]
    producer.send_bytes(DEAD_LETTERS.name, letter.key, None, headers)


def _messages(settings: Settings) -> Iterator[Message]:
    return read_all(settings, settings.topic(DEAD_LETTERS.name))


def _is_mark(message: Message) -> bool:
    return message.value() is None and any(name == _MARK for name, _ in _pairs(message))


def _letter(message: Message) -> Letter:
    return Letter(
        place=f"{message.partition()}@{message.offset()}",
        at=datetime.fromtimestamp(message.timestamp()[1] / 1000, UTC),
        key=message.key(),
        value=message.value(),
        own=[pair for pair in _pairs(message) if not pair[0].startswith(DEAD_LETTER)],
        said=_said(message),
    )


def _said(message: Message) -> dict[str, str]:
    return {
        name.removeprefix(DEAD_LETTER): (value or b"").decode(errors="replace")
        for name, value in _pairs(message)
        if name.startswith(DEAD_LETTER)
    }


def _pairs(message: Message) -> list[tuple[str, bytes | None]]:
    return cast("list[tuple[str, bytes | None]]", message.headers() or [])  # typed loosely there
