"""Rights that are taken away from a worker that runs, and come back; a password that comes late."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are public
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from gate_events.codec import body_of
from gate_events.contracts import contract_of
from gate_events.records import PlanCleared, PlanProposed
from gate_store.engine.port import OutboxRow
from plangate.kafka.acls import Grant, apply, remove
from plangate.kafka.clients import admin
from plangate.kafka.roles import Kind, Operation, Role
from plangate.settings import Settings
from plangate.worker.resumer_wiring import LacksRightsError, publisher
from stream_apps.patience import is_outage
from tests.apps.world import CATALOGUE, World, plan, until
from tests.forked import COMMAND, Forked
from tests.rights.secured import Secured, speaking
from tests.secured_kafka import CERTIFICATE, TLS, SecuredKafka

pytestmark = pytest.mark.kafka

STARTS_S = 60.0
HARMLESS = "look"


class Watched:
    """A router as `plangate worker` runs it, and what it says."""

    def __init__(self, secured: Secured, folder: Path, store_url: str) -> None:
        self.secured, self.folder, self._store_url = secured, folder, store_url
        self.log = folder / "worker.log"
        self._seen = 0

    @contextmanager
    def running(self, protocol: str) -> Iterator[None]:
        (self.folder / "catalogue.yaml").write_text(CATALOGUE)
        environment = speaking(
            self.folder, self.secured, "router", protocol, PLANGATE_STORE_URL=self._store_url
        ).variables
        process = Forked(
            COMMAND,
            *("worker", "--only", "router"),
            folder=self.folder,
            environment=environment,
            out=self.log,
            err=self.log,
        )
        try:
            yield
        finally:
            process.terminate()
            assert process.wait(60) == 0, self.log.read_text()[-3000:]

    def says(self, *words: str) -> str:
        """The next line with these words, once it is there."""
        return until(lambda: self._next(words), STARTS_S)

    def _next(self, words: tuple[str, ...]) -> str:
        for number, line in enumerate(self.log.read_text().splitlines()):
            if number >= self._seen and all(word in line for word in words):
                self._seen = number + 1
                return line
        return ""


def of(secured: Secured, operation: Operation, kind: Kind, name: str = "") -> list[Grant]:
    """What the router needs of this kind; of one topic."""
    rights = {grant: grant.right for grant in secured.grants(Role.ROUTER)}
    return [
        grant
        for grant, right in rights.items()
        if right.operation is operation and right.resource.kind is kind and right.resource.name.endswith(name)
    ]


def withdraw(secured: Secured, grants: list[Grant]) -> None:
    assert set(remove(secured.settings("admin"), grants).values()) == {True}


@pytest.mark.parametrize(
    ("kind", "protocol"), [(Kind.TOPIC, TLS), pytest.param(Kind.GROUP, CERTIFICATE, marks=pytest.mark.slow)]
)
def test_a_right_that_is_taken_away_is_said_and_its_return_mends_all(
    secured_kafka: SecuredKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path, kind: Kind, protocol: str
) -> None:
    world = World(secured_kafka, sqlite_url, topic_prefix, tmp_path)
    secured = Secured(secured_kafka, topic_prefix)
    secured.grant(Role.ROUTER)
    watched, rights = Watched(secured, tmp_path, sqlite_url), of(secured, Operation.READ, kind)
    (name,) = (grant.right.resource.name for grant in rights)
    (clears,) = of(secured, Operation.WRITE, Kind.TOPIC, "auto-execute")
    before, meanwhile, at_last = (plan(HARMLESS) for _ in range(3))
    with watched.running(protocol):
        watched.says("plangate-router serves")
        world.send(before)
        world.read(PlanCleared, 1)
        withdraw(secured, rights)
        watched.says(f"plangate-router stops: Kafka does not allow this user any more to read {kind} {name}")
        watched.says(
            "plangate-router waits: Kafka does not allow this user: ",
            f"Read on {kind} {name}; `plangate topics acls` says what each role needs",
        )
        world.send(meanwhile)
        apply(secured.settings("admin"), rights)
        watched.says("Kafka allows", "now what it needs")
        world.read(PlanCleared, 2)
        withdraw(secured, [clears])
        world.send(at_last)
        watched.says(
            f"Kafka does not take records of topic {topic_prefix}auto-execute", "uthorization failed"
        )
        apply(secured.settings("admin"), [clears])
        watched.says("Kafka takes records again")
        cleared = world.read(PlanCleared, 3)
    assert {each.plan_id for each in cleared} == {each.plan_id for each in (before, meanwhile, at_last)}
    assert "Traceback" not in watched.log.read_text()
    world.close()


def test_a_worker_that_is_not_let_in_says_so_once_and_serves_once_it_is(
    secured_kafka: SecuredKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    world = World(secured_kafka, sqlite_url, topic_prefix, tmp_path)
    secured, user, password = Secured(secured_kafka, topic_prefix), "newcomer", "n3w-w0rd"
    grants = [Grant(each.role, f"User:{user}", each.right) for each in secured.grants(Role.ROUTER)]
    apply(secured.settings("admin"), grants)
    options = {**secured_kafka.options_of(user, TLS), "sasl.password": password}
    worker = world.start("router", kafka=options, wait=False)
    refusal = "Kafka does not take our login"
    until(lambda: refusal in worker.log.read_text(), STARTS_S)
    how = ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096)
    client = admin(secured.settings("admin"))
    changed = client.alter_user_scram_credentials(
        [UserScramCredentialUpsertion(user, how, password.encode())]
    )
    changed[user].result(30)
    until(lambda: worker.serves("router"), STARTS_S)
    said = worker.log.read_text()
    assert said.count(refusal) == 1
    assert "invalid credentials with SASL mechanism SCRAM-SHA-512); set sasl.username" in said
    assert password not in said
    assert worker.end() == 0
    world.close()


async def test_a_resumer_that_may_write_nothing_says_so_and_lives_on(
    secured_kafka: SecuredKafka, sqlite_url: str, topic_prefix: str, tmp_path: Path
) -> None:
    """Its process has the code of graphs in it, and their runs in hand."""
    secured, plan_of_a_run = Secured(secured_kafka, topic_prefix), plan(HARMLESS)
    secured.create_topics()
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE)
    options = secured_kafka.options_of("newcomer", CERTIFICATE)
    settings = Settings(
        kafka=options, topic_prefix=topic_prefix, store_url=sqlite_url, catalogue=tmp_path / "catalogue.yaml"
    )
    body, contract = body_of(plan_of_a_run), contract_of(PlanProposed).fingerprint.hex()
    row = OutboxRow(plan_of_a_run.event_id, "PlanProposed", str(plan_of_a_run.plan_id), body, contract)
    publish = publisher(settings)
    with pytest.raises(LacksRightsError) as caught:
        await publish([(7, row)])
    assert is_outage(caught.value)
    assert f"Kafka does not allow this user: Write on topic {topic_prefix}plans" in str(caught.value)
    grants = [Grant(each.role, "User:newcomer", each.right) for each in secured.grants(Role.RESUMER)]
    apply(secured.settings("admin"), grants)
    assert list(await publish([(7, row)])) == [7]
