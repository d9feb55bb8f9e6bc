"""Turns settings into what judges and what speaks; the wirings in `worker/` turn them into workers."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gate_events.topics import TOPIC_OF
from gate_policy.catalogue import Catalogue, load_catalogue
from plangate.settings import Settings

if TYPE_CHECKING:
    from plangate.kafka.registry import SchemaIds
    from producers.kafka_producer import KafkaProducer


class NoCatalogueError(FileNotFoundError):
    """{file}: no such file; {mend}."""

    def __init__(self, file: Path) -> None:
        mend = "go to your project's folder, make one with `plangate init`, or set PLANGATE_CATALOGUE"
        super().__init__(f"{file}: no such file; {mend}")


def open_catalogue(settings: Settings) -> Catalogue:
    """The catalogue in force. Raises CatalogueError, NoCatalogueError, OSError."""
    try:
        text = settings.catalogue.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise NoCatalogueError(settings.catalogue) from error
    return load_catalogue(text, str(settings.catalogue))


def schema_ids(settings: Settings) -> "SchemaIds | None":
    """The schema registry, where there is one."""
    if not settings.schema_registry.get("url"):
        return None
    from plangate.kafka.registry import SchemaIds  # noqa: PLC0415 - its client brings HTTP and tokens along

    return SchemaIds(settings.schema_registry)


def id_of_record(settings: Settings, ids: "SchemaIds | None") -> Callable[[type[Any]], int] | None:
    """The registry's id to write a record type with."""
    if ids is None:
        return None
    return lambda record: ids.id_for(record, settings.topic(TOPIC_OF[record].name))


def name_agent(settings: Settings) -> None:
    """Agents' code looks for its name in the environment: put it there where only the file gives it."""
    if "agent" in settings.model_fields_set:
        os.environ.setdefault("PLANGATE_AGENT", settings.agent)


def open_producer(settings: Settings, source: str) -> "KafkaProducer":
    """A producer that speaks for `source`."""
    from producers.kafka_producer import KafkaProducer  # noqa: PLC0415 - not all that judges speaks with Kafka

    ids = schema_ids(settings)
    return KafkaProducer(
        settings.kafka_options,
        source=source,
        topic_prefix=settings.topic_prefix,
        schema_id_of=ids.id_for if ids else None,
    )
