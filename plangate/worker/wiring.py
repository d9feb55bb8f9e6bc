"""What the processes of a worker are made of, from settings."""

import asyncio
import logging
import os
from collections.abc import Callable, Sequence, Set
from datetime import datetime

from gate_events.records import ApprovalRequested
from gate_events.topics import TOPICS
from gate_policy.catalogue import Catalogue
from gate_policy.effects import effect_of
from gate_store import migrate
from gate_store.database import open_store
from gate_store.engine.port import ClaimedRun, OutboxRow, Publish
from gate_store.roles.apply import lacking as lacking_in
from gate_store.roles.roles import Role as StoreRole
from gate_store.try_clients import try_clients
from plangate.kafka import topics
from plangate.kafka.own_rights import in_words, lacking
from plangate.kafka.roles import Role, rights_of, topics_of
from plangate.settings import Settings
from plangate.wiring import id_of_record, open_catalogue, schema_ids
from plangate.worker.slots import Slot, slots_folder
from stream_apps.config import AppsConfig
from stream_apps.kafka_options import faust_settings
from stream_apps.producing import KafkaWriter
from stream_apps.relay import Relay
from stream_apps.resumer.config import ActionTraits, ResumerConfig
from stream_apps.resumer.dispatch import Dispatch
from stream_apps.resumer.earlier import EarlierApprovals
from stream_apps.resumer.graphs import load_graphs, refuse_unguarded
from stream_apps.resumer.questions import Questions

log = logging.getLogger("plangate.worker")

STORE_ROLES = "`plangate store roles` says what each role needs"

# Of outcomes and plans: nobody resumes a run by them, and fuller requests save the broker work.
LINGER_MS = 2.0


class NotReadyError(RuntimeError):
    """Work cannot start: {problem}."""


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
        dating_tolerance_s=settings.dating_tolerance_s,
        largest_record_bytes=settings.largest_record_bytes,
        stuck_after_s=settings.stuck_after_s,
        lacks=lambda app: in_words(lacking(settings, rights_of(Role(app), settings.topic_prefix))),
    )


def resumer_config(settings: Settings, slot: Slot, catalogue: Catalogue) -> ResumerConfig:
    """What one resumer needs."""
    store = open_store(settings.store_url, pool_size=2)
    questions, dispatch = Questions(store), Dispatch(store, catalogue)

    async def ask_again(run: ClaimedRun, now: datetime) -> ApprovalRequested:
        edited = run.answer.revision > 1
        return await (dispatch.edited_again if edited else questions.ask_again)(run, now)

    return ResumerConfig(
        store_url=settings.store_url,
        graphs_file=settings.graphs,
        worker=f"{slot.name}-{os.getpid()}",
        instance=slot.instance,
        traits=traits_of(catalogue),
        ask_again=ask_again,
        ask_in_doubt=questions.ask_in_doubt,
        doubt_plan=questions.doubt_plan,
        unmet=dispatch.unmet,
        earlier=EarlierApprovals(store).of,
        publish=publisher(settings),
        forbids_unguarded=settings.unguarded == "forbid",
        in_flight=settings.in_flight,
        lease_s=settings.lease_s,
        attempts=settings.attempts,
        stale_after_s=settings.stale_after_s,
        probe_again_s=settings.probe_again_s,
        run_timeout_s=settings.run_timeout_s,
        memory_mb=settings.resumer_memory_mb,
    )


def traits_of(catalogue: Catalogue) -> Callable[[str], ActionTraits]:
    """The catalogue's word on repeating an action; an unknown one is never repeated."""

    def traits(action_type: str) -> ActionTraits:
        action = catalogue.actions.get(action_type)
        if action is None:
            return ActionTraits()
        return ActionTraits(action.idempotent, lambda step: effect_of(step, action))

    return traits


def publisher(settings: Settings) -> Publish:
    """Takes outbox rows to Kafka; connects when there is something to say."""
    config = apps_config(settings, frozenset(), "")
    made: list[Relay] = []

    async def publish(rows: Sequence[tuple[int, OutboxRow]]) -> Sequence[int]:
        if not made:
            made.append(Relay("plangate-resumer", config, KafkaWriter(config.kafka, linger_ms=LINGER_MS)))
        return await made[0].publish(rows)

    return publish


def check_before_work(settings: Settings, parts: Set[str]) -> None:
    """Fail early and in one line: catalogue, Kafka, store, graphs. Raises what is wrong, with its mend.

    Of topics those that `parts` (router, gatekeeper, resumer) use: their users may see no others. Without a
    right a worker would wait in silence.
    """
    slots_folder()
    open_catalogue(settings)
    faust_settings(settings.kafka_options)
    used = {topic for part in parts for topic in topics_of(Role(part))}
    if problems := topics.problems(topics.describe(settings, [topic for topic in TOPICS if topic in used])):
        raise NotReadyError(f"topics {problems}")
    rights = [right for part in parts for right in rights_of(Role(part), settings.topic_prefix)]
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
