"""The one place that turns settings into working parts; everything else is handed what it needs."""

from collections.abc import Callable
from typing import Any

from gate_events.topics import TOPIC_OF
from gate_policy.catalogue import Catalogue, load_catalogue
from gate_store import migrate
from plangate.kafka import topics
from plangate.kafka.registry import SchemaIds
from plangate.settings import Settings
from producers.kafka_producer import KafkaProducer
from stream_apps.config import AppsConfig
from stream_apps.resumer.graphs import load_graphs


class NotReadyError(RuntimeError):
    """Work cannot start: {problem}."""


def open_catalogue(settings: Settings) -> Catalogue:
    """The catalogue in force. Raises CatalogueError, FileNotFoundError."""
    return load_catalogue(settings.catalogue.read_text(encoding="utf-8"), str(settings.catalogue))


def schema_ids(settings: Settings) -> SchemaIds | None:
    """The schema registry, where there is one."""
    return SchemaIds(settings.schema_registry) if settings.schema_registry.get("url") else None


def id_of_record(settings: Settings, ids: SchemaIds | None) -> Callable[[type[Any]], int] | None:
    """The registry's id to write a record type with."""
    if ids is None:
        return None
    return lambda record: ids.id_for(record, settings.topic(TOPIC_OF[record].name))


def open_producer(settings: Settings, source: str) -> KafkaProducer:
    """A producer that speaks for `source`."""
    ids = schema_ids(settings)
    return KafkaProducer(
        settings.kafka_options,
        source=source,
        topic_prefix=settings.topic_prefix,
        schema_id_of=ids.id_for if ids else None,
    )


def apps_config(settings: Settings, only: frozenset[str], instance: str) -> AppsConfig:
    """What the Faust apps of one process need. Raises CatalogueError."""
    ids = schema_ids(settings)
    return AppsConfig(
        kafka=settings.kafka_options,
        store_url=settings.store_url,
        catalogue=open_catalogue(settings),
        topic_prefix=settings.topic_prefix,
        instance=instance,
        only=only,
        schema_id_of=id_of_record(settings, ids),
        schema_of_id=ids.schema_of if ids else None,
        spool=settings.spool,
        patience_s=settings.patience_s,
        stuck_after_s=settings.stuck_after_s,
    )


def check_before_work(settings: Settings, *, resuming: bool) -> None:
    """Fail early and in one line: topics, store, catalogue, graphs. Raises what is wrong, with its mend."""
    open_catalogue(settings)
    missing = [state for state in topics.describe(settings) if state.problem]
    if missing:
        names = ", ".join(state.name for state in missing)
        raise NotReadyError(f"topics are missing ({names}); run `plangate topics create`")
    behind = migrate.behind(settings.store_url)
    if behind:
        raise NotReadyError(behind)
    if resuming and settings.graphs.exists():
        load_graphs(settings.graphs)
