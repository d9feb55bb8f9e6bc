"""Turns settings into what a resumer needs."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from gate_events.records import ApprovalRequested
from gate_events.tracing import process_tracer
from gate_policy.catalogue import Catalogue
from gate_policy.effects import effect_of
from gate_store.database import open_store
from gate_store.engine.port import ClaimedRun, OutboxRow, Publish
from gate_store.stop_file import StopFile
from plangate.kafka.roles import Role
from plangate.settings import Settings
from plangate.worker.apps_wiring import apps_config
from plangate.worker.slots import Slot
from plangate.worker.undo_service import undo_service
from stream_apps.plain_errors import in_thread
from stream_apps.producing import KafkaWriter
from stream_apps.relay import Relay
from stream_apps.resumer.config import ActionTraits, ResumerConfig
from stream_apps.resumer.dispatch import Dispatch
from stream_apps.resumer.earlier import EarlierApprovals
from stream_apps.resumer.questions import Questions
from stream_apps.resumer.run_events import EventsInStore

# Of outcomes and plans: nobody resumes a run by them, and fuller requests save the broker work.
LINGER_MS = 2.0


class LacksRightsError(PermissionError):
    """{problem}."""


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
        begun_again=questions.begun_again,
        note_events=EventsInStore(store).note,
        publish=publisher(settings),
        executes_undo=undo_service(
            settings.store_url,
            catalogue,
            settings.lease_s,
            settings.probe_again_s,
            stop_file=StopFile(settings.stop_file),
        ),
        forbids_unguarded=settings.unguarded == "forbid",
        in_flight=settings.in_flight,
        lease_s=settings.lease_s,
        attempts=settings.attempts,
        stale_after_s=settings.stale_after_s,
        probe_again_s=settings.probe_again_s,
        run_timeout_s=settings.run_timeout_s,
        memory_mb=settings.resumer_memory_mb,
        stop_file=StopFile(settings.stop_file),
    )


def traits_of(catalogue: Catalogue) -> Callable[[str], ActionTraits]:
    """The catalogue's word on repeating an action; an unknown one is never repeated."""

    def traits(action_type: str) -> ActionTraits:
        action = catalogue.actions.get(action_type)
        if action is None:
            return ActionTraits()
        secret = frozenset(action.secret)
        return ActionTraits(action.idempotent, lambda step: effect_of(step, action), secret, action_type)

    return traits


def publisher(settings: Settings) -> Publish:
    """Takes outbox rows to Kafka; connects when there is something to say.

    It raises LacksRightsError, an outage like any other: a producer that may write nothing ends its process,
    and with it the runs that are in hand.
    """
    config = replace(apps_config(settings, frozenset(), ""), tracers={Role.RESUMER: process_tracer()})
    made: list[Relay] = []

    async def publish(rows: Sequence[tuple[int, OutboxRow]]) -> Sequence[int]:
        if not rows:
            return []
        if not made:
            if lacks := await in_thread(config.lacks, Role.RESUMER):
                raise LacksRightsError(lacks)
            writer = KafkaWriter(config.kafka, linger_ms=LINGER_MS)
            made.append(Relay("plangate-resumer", config, writer, role=Role.RESUMER))
        return await made[0].publish(rows)

    return publish
