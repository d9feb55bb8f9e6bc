"""Turns settings into what the Faust apps need. They load no graphs."""

from functools import partial

from gate_store.stop_file import StopFile
from plangate.kafka.own_rights import in_words, lacking
from plangate.kafka.roles import Role, needed_rights
from plangate.settings import Settings
from plangate.wiring import id_of_record, open_catalogue, schema_ids
from plangate.worker.stop_sharing import share_stops
from stream_apps.config import AppsConfig


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
        republish_after_s=settings.republish_after_s,
        run_events_kept_s=settings.run_events_kept_s,
        dating_tolerance_s=settings.dating_tolerance_s,
        largest_record_bytes=settings.largest_record_bytes,
        stuck_after_s=settings.stuck_after_s,
        stop_file=StopFile(settings.stop_file),
        shares_stops=partial(share_stops, settings),
        lacks=lambda app: in_words(lacking(settings, needed_rights(Role(app), settings.topic_prefix))),
    )
