"""The router's routing on a writer that refuses what it is told to."""

from collections import deque
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from uuid import uuid4

import msgspec
import pytest
from sqlalchemy import Connection, event, select

from gate_events.codec import decode, encode
from gate_events.ids import proposal_id
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.stops import Stop
from gate_events.topics import APPROVAL_REQUESTS, AUTO_EXECUTE, DEAD_LETTERS, PLANS
from gate_events.values import Agent, Step
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store.database import open_store
from gate_store.dialects import read, whole
from gate_store.engine.port import OutdatedError
from gate_store.judged_words import CLEARED_OTHERWISE
from gate_store.ledger import claim_effect
from gate_store.plan_claims import CLEARED_ALREADY
from gate_store.stops import begin_stop, end_stop
from gate_store.tables import gates, runs
from stream_apps.config import AppsConfig
from stream_apps.consume import Received
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.encoding import Encoder
from stream_apps.gatekeeper.commit import commit_batch
from stream_apps.metrics import Reason
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.progress import Progress
from stream_apps.router.prior import PriorEffects
from stream_apps.router.routing import Routing
from tests.apps.world import CATALOGUE, plan
from tests.claims.gate import of_run, refusals, waits
from tests.stores import migrated


def proposed_by_a_run(conn: Connection, thread: str, *steps: Step) -> PlanProposed:
    """It is paused at it."""
    proposal = of_run(*steps, thread=thread)
    waits(conn, proposal)
    return msgspec.structs.replace(proposal, event_id=proposal_id(proposal.plan_id))


class Writer:
    """Keeps what it takes, and the topics of it."""

    waits = False

    def __init__(self) -> None:
        self.refuses = ""  # a topic
        self.took: list[str] = []
        self.values: list[bytes | None] = []

    async def room(self) -> None:
        """There always is."""

    def send(self, record: Outgoing) -> None:
        if record.topic == self.refuses:
            record.refused("it is too large")
            return
        self.took.append(record.topic)
        self.values.append(record.value)
        record.delivered()


LATE_WITH = """rules:
  - {name: goal, when: 'plan.goal == "collect"', tier: IRREVERSIBLE, because: "it collects"}
"""
STRICTER = load_catalogue(CATALOGUE + LATE_WITH)


class Services:
    """A gatekeeper, which knows a rule that the router does not, and a service beside it."""

    def __init__(self, folder: Path, writer: Writer) -> None:
        self._store, self._writer, self._read = open_store(f"sqlite:///{folder / 'store.db'}"), writer, 0

    def take(self, *records: Any) -> list[str]:
        """These, and what the router has said since; the refusals."""
        kinds: dict[str, type[Any]] = {
            AUTO_EXECUTE.name: PlanCleared,
            APPROVAL_REQUESTS.name: ApprovalRequested,
        }
        said = list(zip(self._writer.took, self._writer.values, strict=True))[self._read :]
        self._read += len(said)
        heard = [*records, *(decode(value, kinds[topic]) for topic, value in said if topic in kinds)]
        with self._store.begin() as conn:
            return refusals(commit_batch(conn, heard, STRICTER, datetime.now(UTC)))

    def begin(self, told: PlanProposed, cleared: PlanCleared) -> None:
        with self._store.begin() as conn:
            claim_effect(conn, told.plan_id, cleared.digest, told.steps[0], "a service", datetime.now(UTC))

    @property
    def questions(self) -> list[ApprovalRequested]:
        with self._store.begin() as conn:
            found = conn.execute(select(whole(gates.c.request))).scalars()
            return [read(each, ApprovalRequested) for each in found]


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


@pytest.mark.parametrize("copy_first", [False, True])
async def test_a_copy_in_other_words_takes_nothing_from_the_plan_of_its_batch(
    tmp_path: Path, copy_first: bool
) -> None:
    writer = Writer()
    routing, store = routing_to(writer, tmp_path), open_store(f"sqlite:///{tmp_path / 'store.db'}")
    with store.begin() as conn:
        own = proposed_by_a_run(conn, "t1", *plan("look").steps)
    copy = msgspec.structs.replace(own, event_id=uuid4(), goal="something else")
    both = [received(copy), received(own)] if copy_first else [received(own), received(copy)]
    await routing.handle(both)
    store.dispose()
    assert sorted(writer.took) == [AUTO_EXECUTE.name, DEAD_LETTERS.name]
    (cleared,) = (v for t, v in zip(writer.took, writer.values, strict=True) if t == AUTO_EXECUTE.name)
    assert decode(cleared, PlanCleared).goal == own.goal


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


def forged(harmless: PlanProposed) -> PlanCleared:
    """Somebody cleared it before its router did, in words of his own."""
    record = route(msgspec.structs.replace(harmless, goal="remind"), STRICTER, now=datetime.now(UTC))
    assert isinstance(record, PlanCleared)
    return record


async def test_a_plan_that_was_cleared_in_other_words_is_asked_about_where_its_own_need_a_human(
    tmp_path: Path,
) -> None:
    """And services do not hear of it twice: one without a store would do it once more."""
    writer = Writer()
    routing, honest = routing_to(writer, tmp_path), plan("look", goal="collect")
    services, lie = Services(tmp_path, writer), forged(honest)
    assert services.take(lie) == []
    await routing.handle([received(honest)])
    [why] = services.take()
    [asked] = services.questions
    assert why == f"asked anew as {asked.request_id}: {CLEARED_OTHERWISE}"
    assert '"collect" or "remind"' in asked.review.findings[0].text
    with pytest.raises(OutdatedError, match="nobody has begun it"):
        services.begin(honest, lie)
    await routing.handle([received(honest)])
    [why] = services.take()
    assert str(asked.request_id) in why
    assert services.questions == [asked]
    assert writer.took == 2 * [APPROVAL_REQUESTS.name]


async def test_so_is_one_whose_words_the_router_did_not_see_first(tmp_path: Path) -> None:
    """It takes one content for a revision, until the store says in which words that was cleared."""
    writer = Writer()
    routing, honest = routing_to(writer, tmp_path), plan("look", goal="collect")
    services = Services(tmp_path, writer)
    await routing.handle([received(msgspec.structs.replace(honest, goal="remind"))])
    assert services.take() == []
    await routing.handle([received(honest)])
    assert [why.partition(":")[0] for why in services.take()] == [
        f"asked anew as {asked.request_id}" for asked in services.questions
    ]
    assert writer.took == [AUTO_EXECUTE.name, APPROVAL_REQUESTS.name]


@pytest.mark.parametrize(
    ("words", "begun"),
    [
        ({"goal": "collect"}, True),
        ({"goal": "warn"}, False),
        ({"agent": Agent(name="agent-7", model="new")}, False),
        ({"proposer": "mallory"}, False),
    ],
)
async def test_what_goes_on_in_the_words_that_cleared_it_is_said(
    tmp_path: Path, words: dict[str, Any], begun: bool
) -> None:
    """Nobody is asked; it is a dead letter, and no plan that nobody hears of again."""
    writer = Writer()
    routing, honest = routing_to(writer, tmp_path), plan("look", **words)
    services, lie = Services(tmp_path, writer), forged(msgspec.structs.replace(honest, proposer="agent-7"))
    services.take(lie)
    if begun:
        services.begin(honest, lie)
    await routing.handle([received(honest)])
    [why] = services.take()
    if "proposer" in words:
        assert "was first proposed by agent-7" in why
    else:
        assert why == CLEARED_ALREADY
    assert services.questions == []


async def test_the_words_of_a_plan_that_comes_again_cost_no_statement(tmp_path: Path) -> None:
    """They are read with what may run at all."""
    writer = Writer()
    routing, harmless = routing_to(writer, tmp_path), plan("look", goal="remind")
    Services(tmp_path, writer).take(forged(harmless))
    said: list[str] = []
    event.listen(routing._prior._store, "before_cursor_execute", lambda *args: said.append(args[2]))
    await routing.handle([received(harmless)])
    assert writer.took == []
    assert len([statement for statement in said if "clearances" in statement]) == 1
