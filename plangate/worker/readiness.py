"""Whether work can start."""

import asyncio
import logging
from collections.abc import Set

from gate_events.topics import TOPICS
from gate_store import migrate
from gate_store.roles.apply import lacking as lacking_in
from gate_store.roles.roles import Role as StoreRole
from gate_store.try_clients import try_clients
from plangate.kafka import topics
from plangate.kafka.own_rights import in_words, lacking
from plangate.kafka.roles import OPTIONAL, Role, needed_rights, topics_of
from plangate.settings import Settings
from plangate.wiring import open_catalogue
from plangate.worker.slots import slots_folder
from stream_apps.kafka_options import faust_settings
from stream_apps.resumer.graphs import load_graphs, refuse_unguarded

log = logging.getLogger("plangate.worker")

STORE_ROLES = "`plangate store roles` says what each role needs"


class NotReadyError(RuntimeError):
    """Work cannot start: {problem}."""


def check_before_work(settings: Settings, parts: Set[str]) -> None:
    """Fail early and in one line: catalogue, Kafka, store, graphs. Raises what is wrong, with its mend.

    Of topics those that `parts` (router, gatekeeper, resumer) use: their users may see no others. Without a
    right a worker would wait in silence.
    """
    slots_folder()
    open_catalogue(settings)
    faust_settings(settings.kafka_options)
    used = {topic for part in parts for topic in topics_of(Role(part))}.difference(OPTIONAL)
    if problems := topics.problems(topics.describe(settings, [topic for topic in TOPICS if topic in used])):
        raise NotReadyError(f"topics {problems}")
    rights = [right for part in parts for right in needed_rights(Role(part), settings.topic_prefix)]
    if lacks := in_words(lacking(settings, rights)):
        raise NotReadyError(lacks)
    try_clients(settings.store_url)
    if refused := lacking_in(settings.store_url, [StoreRole(part) for part in parts]):
        raise NotReadyError(f"the store does not allow this user: {', '.join(refused)}; {STORE_ROLES}")
    behind = migrate.behind(settings.store_url)
    if behind:
        raise NotReadyError(behind)
    if ahead := migrate.ahead(settings.store_url):
        log.warning("%s; it works on", ahead)
    if "resumer" in parts:
        graphs = asyncio.run(load_graphs(settings.graphs))
        if settings.unguarded == "forbid":
            refuse_unguarded(graphs.values())
