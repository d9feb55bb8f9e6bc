"""The topics and the tables of a laboratory as lines of JSON, for whoever looks into what it found."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, cast

import msgspec
from confluent_kafka import Message
from sqlalchemy import Engine, select

from gate_events.codec import decode
from gate_events.errors import UndecodableError
from gate_events.topics import TOPIC_OF, TOPICS
from gate_store.tables import metadata
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from plangate.torture.liars.told import Told
from plangate.torture.places import Places

_RECORD_OF = {topic.name: record for record, topic in TOPIC_OF.items()}


def keep_evidence(settings: Settings, store: Engine, told: Told, places: Places) -> None:
    """Write `topics/NAME.jsonl` and `tables/NAME.jsonl` below the laboratory's folder."""
    for topic in TOPICS:
        messages = read_all(settings, settings.topic(topic.name))
        _write(places.folder / "topics" / topic.name, (_line(each, topic.name, told) for each in messages))
    with store.connect() as conn:
        for table in metadata.sorted_tables:
            rows = conn.execute(select(table)).mappings()
            _write(places.folder / "tables" / table.name, (dict(row) for row in rows))


def _line(message: Message, topic: str, told: Told) -> Mapping[str, Any]:
    pairs = cast("list[tuple[str, bytes | None]]", message.headers() or [])
    headers = {name: (value or b"").decode(errors="replace") for name, value in pairs}
    return {
        "at": message.timestamp()[1] / 1000,
        "partition": message.partition(),
        "offset": message.offset(),
        "lie": told.is_lie(message.value()),
        "headers": {name: value for name, value in headers.items() if not name.startswith("ce_")},
        "record": _said(message.value(), headers.get("plangate_topic", topic)),
    }


def _said(value: bytes | None, topic: str) -> Any:
    record = _RECORD_OF.get(topic)
    try:
        return decode(value, record) if record else (value or b"").hex()
    except UndecodableError as error:
        return str(error)


def _write(file: Path, lines: Iterable[Mapping[str, Any]]) -> None:
    file.parent.mkdir(exist_ok=True)
    with file.with_suffix(".jsonl").open("wb") as out:
        for line in lines:
            out.write(msgspec.json.encode(line, enc_hook=str) + b"\n")
