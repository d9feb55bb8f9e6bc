"""The router's routing on a writer that refuses what it is told to."""

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import cast
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import Connection, event, select

from gate_events.codec import encode
from gate_events.ids import proposal_id
from gate_events.records import PlanProposed
from gate_events.stops import Stop
from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DEAD_LETTERS, PLANS
from gate_policy.catalogue import load_catalogue
from gate_store.database import open_store
from gate_store.stops import begin_stop, end_stop
from gate_store.tables import runs
from stream_apps.config import AppsConfig
from stream_apps.consume import Received
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.encoding import Encoder
from stream_apps.metrics import Reason
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.progress import Progress
from stream_apps.router.prior import PriorEffects
from stream_apps.router.routing import Routing
from tests.apps.world import CATALOGUE, plan
from tests.claims.gate import of_run, waits
from tests.stores import migrated


def proposed_by_a_run(conn: Connection, thread: str) -> PlanProposed:
    """It is paused at it."""
    proposal = of_run(thread=thread)
    waits(conn, proposal)
    return msgspec.structs.replace(proposal, event_id=proposal_id(proposal.plan_id))


class Writer:
    """Keeps the topics of what it takes."""

    waits = False

    def __init__(self) -> None:
        self.refuses = ""  # a topic
        self.took: list[str] = []

    async def room(self) -> None:
        """There always is."""

    def send(self, record: Outgoing) -> None:
        if record.topic == self.refuses:
            record.refused("it is too large")
            return
        self.took.append(record.topic)
        record.delivered()


def routing_to(writer: Writer, folder: Path) -> Routing:
    url = f"sqlite:///{folder / 'store.db'}"
    migrated(url)
    config = AppsConfig(kafka={}, store_url=url, catalogue=load_catalogue(CATALOGUE), spool=folder / "spool")
    progress, kafka = Progress(), cast(KafkaWriter, writer)
    decoder, encoder = Decoder(config, progress), Encoder("plangate/router", config)
    prior = PriorEffects(open_store(url), config.clock, progress)
    return Routing(config, decoder, encoder, prior, kafka, DeadLetters("router", config, kafka))


def received(proposal: PlanProposed) -> Received:
    key = str(proposal.plan_id).encode()
    message = SimpleNamespace(value=encode(proposal), key=key, headers=None, partition=0, offset=7)
    event = SimpleNamespace(message=message, ack=lambda: None)
    return Received(event, PLANS.name, deque(), Progress())


@pytest.mark.parametrize("action_type", [None, "look"])
async def test_while_it_is_stopped_a_plan_of_a_service_waits_at_its_gate(
    tmp_path: Path, action_type: str | None
) -> None:
    writer = Writer()
    routing, harmless = routing_to(writer, tmp_path), plan("look")
    store = open_store(f"sqlite:///{tmp_path / 'store.db'}")
    made = Stop(stop_id=uuid4(), action_type=action_type, by="ana", note="wrong", at=datetime.now(UTC))
    with store.begin() as conn:
        begin_stop(conn, made)
    await routing.handle([received(harmless)])
    await routing.handle([received(plan("tag"))])
    with store.begin() as conn:
        end_stop(conn, made, "ana", "", datetime.now(UTC))
    await routing.handle([received(harmless)])  # read once more: a human decides by now
    await routing.handle([received(plan("look"))])
    store.dispose()
    tagged = APPROVAL_REQUESTS if action_type is None else AUTO_EXECUTE
    assert writer.took == [each.name for each in (APPROVAL_REQUESTS, tagged, APPROVAL_REQUESTS, AUTO_EXECUTE)]


async def test_refused_plans_of_a_batch_are_noted_at_their_runs_in_few_transactions(tmp_path: Path) -> None:
    routing, store = routing_to(Writer(), tmp_path), open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with store.begin() as conn:
        plans = [proposed_by_a_run(conn, f"t{number}") for number in range(20)]
    transactions: list[None] = []
    event.listen(routing._prior._store, "begin", lambda _: transactions.append(None))
    unkeyed = [received(each) for each in plans]
    for each, record in zip(plans, unkeyed, strict=True):
        routing._bury(record, each, "it cannot be routed", Reason.REFUSED)
    assert routing._noting
    await routing._noting
    with store.begin() as conn:
        errors = conn.execute(select(runs.c.error)).scalars().all()
    store.dispose()
    assert errors == 20 * ["it cannot be routed"]
    assert len(transactions) == 1


async def test_a_plan_whose_clearance_kafka_refused_is_told_when_it_comes_again(tmp_path: Path) -> None:
    """Its dead letter is replayed once the topic takes as much."""
    writer = Writer()
    routing, harmless = routing_to(writer, tmp_path), plan("look")
    writer.refuses = AUTO_EXECUTE.name
    await routing.handle([received(harmless)])
    writer.refuses = ""
    await routing.handle([received(harmless)])
    await routing.handle([received(harmless)])
    assert writer.took == [DEAD_LETTERS.name, AUTO_EXECUTE.name]
