"""What the broker refuses to each role. Written out by hand: a fault in the table of roles must not hide."""

import asyncio
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from gate_events.topics import TOPICS
from gate_events.words import DecisionKind
from plangate import KafkaProducer
from plangate.kafka.acls import Grant, apply
from plangate.kafka.roles import Operation, Role, rights_of
from producers.delivery import NotDeliveredError
from producers.gatekeeper_offsets import gatekeeper_offsets
from stream_apps.exits import BROKEN
from tests.apps.world import World, asked, decision, plan, until
from tests.rights.secured import GROUP, Secured
from tests.secured_kafka import SecuredKafka

pytestmark = pytest.mark.kafka

NAMES = {topic.name for topic in TOPICS}
WRITES = {
    "router": {"auto-execute", "approval-requests", "dead-letters"},
    "gatekeeper": NAMES - {"auto-execute", "incidents", "autonomy"},
    "resumer": {"plans", "approval-requests", "outcomes", "dead-letters"},
    "agent": {"plans"},
    "service": {"outcomes", "dead-letters"},
    "reviewer": {"decisions", "stops"},
    "reporter": {"incidents"},
    "auditor": set[str](),
    "stranger": set[str](),
}
READS = {
    "router": {"plans"},
    "gatekeeper": {"auto-execute", "approval-requests", "decisions", "outcomes", "stops"},
    "service": {"auto-execute", "verdicts", "stops"},
    "reviewer": {"stops"},
    "auditor": NAMES,
}
GROUPS = {"router": "plangate-router", "gatekeeper": "plangate-gatekeeper", "service": GROUP}
DESCRIBED = {"auditor": {GROUPS["router"], GROUPS["gatekeeper"]}, "service": {GROUPS["gatekeeper"]}}
READABLE = {"router": "plans", "gatekeeper": "decisions", "service": "verdicts", "auditor": "plans"}


@pytest.fixture(scope="module")
def secured(secured_kafka: SecuredKafka) -> Secured:
    """Topics with every role's rights, and nobody at work."""
    made = Secured(secured_kafka, f"t{uuid.uuid4().hex[:10]}-")
    made.create_topics()
    made.grant(*(role for role in Role if role is not Role.ADMIN))
    return made


@pytest.mark.parametrize("user", WRITES)
def test_the_broker_takes_a_roles_own_records_and_refuses_all_others(secured: Secured, user: str) -> None:
    expected = {
        name: "taken" if name in WRITES[user] else "TOPIC_AUTHORIZATION_FAILED" for name in sorted(NAMES)
    }
    assert secured.writes(user, sorted(NAMES)) == expected


@pytest.mark.parametrize("user", WRITES)
def test_the_broker_shows_a_role_what_it_reads_and_nothing_else(secured: Secured, user: str) -> None:
    allowed = READS.get(user, set())
    expected = {name: "read" if name in allowed else "TOPIC_AUTHORIZATION_FAILED" for name in NAMES}
    assert {name: secured.reads(user, name) for name in NAMES} == expected


@pytest.mark.parametrize("user", READABLE)
def test_no_role_reads_or_commits_the_offsets_of_anothers_group(secured: Secured, user: str) -> None:
    """But the auditor of the workers, and a service of the gatekeeper, who see how far these have read."""
    for group in [*GROUPS.values(), "another-service"]:
        own = GROUPS.get(user) == group
        expected = "1" if own else "GROUP_AUTHORIZATION_FAILED"
        assert secured.commits(user, group, READABLE[user]) == expected, group
        told = secured.committed(user, group, READABLE[user])
        if group in DESCRIBED.get(user, ()):
            assert told != expected, group
        else:
            assert told == expected, group


@pytest.mark.parametrize(("user", "told"), [("service", True), ("agent", None)])
def test_a_service_sees_whether_the_gatekeeper_has_read_a_clearance(
    secured: Secured, user: str, told: bool | None
) -> None:
    assert secured.commits("gatekeeper", GROUPS["gatekeeper"], "auto-execute") == "1"
    offsets = gatekeeper_offsets(secured.kafka.options_of(user), secured.prefix)
    until(lambda: offsets.has_passed((f"{secured.prefix}auto-execute", 0, 0)) is told)
    assert not offsets.has_passed((f"{secured.prefix}auto-execute", 0, 1))


@pytest.mark.parametrize("user", ["agent", "auditor"])  # the one may write plans, the other nothing at all
async def test_our_producer_says_at_once_which_topic_and_how_to_mend_it(secured: Secured, user: str) -> None:
    word = decision(asked("send"), DecisionKind.APPROVE, by="ana")
    with KafkaProducer(secured.kafka.options_of(user), topic_prefix=secured.prefix) as producer:
        for _ in range(2):  # and again for the next record, instead of waiting for ever
            with pytest.raises(NotDeliveredError) as caught:
                await asyncio.wait_for(producer.asend(word), 60)
            said = str(caught.value)
            assert f"DecisionMade {word.event_id} was not delivered to {secured.prefix}decisions" in said
            assert "authorization failed" in said
            assert "let this user write to the topic: `plangate topics acls` says" in said
        if user == "agent":
            await producer.asend(plan("look"))  # what it may say it still can


@pytest.fixture
def world(secured_kafka: SecuredKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path) -> Iterator[World]:
    """Topics and a store of this test's own."""
    world = World(secured_kafka, sqlite_url, topic_prefix, tmp_path)
    yield world
    world.close()


def test_a_worker_that_may_write_nothing_at_all_ends_and_says_why(
    secured_kafka: SecuredKafka, world: World
) -> None:
    """Its client is over for good: a right that comes later helps only the next process."""
    reading = [right for right in rights_of(Role.ROUTER, world.prefix) if right.operation is Operation.READ]
    settings = Secured(secured_kafka, world.prefix).settings("admin")
    apply(settings, [Grant(Role.ROUTER, "User:stranger", right) for right in reading])
    options = secured_kafka.options_of("stranger")
    worker = world.start("router", instance="r", kafka=options, wait=False)
    assert worker.process.wait(60) == BROKEN
    assert "this user may write no topic at all: `plangate topics acls` says" in worker.log.read_text()
    assert not (world.folder / "spool" / "in-hand-r").exists()  # what it had in hand is not at fault
