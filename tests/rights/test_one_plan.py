"""Plans go all the way although everybody has a login of their own, with no right but those of their role."""

from collections.abc import Collection, Iterator
from pathlib import Path
from uuid import UUID

import pytest

from gate_events.codec import decode
from gate_events.records import PolicyKept
from gate_events.topics import DEAD_LETTERS, POLICIES
from gate_events.words import OutcomeStatus
from gate_store.roles.roles import Role
from plangate.dev.postgres import PostgresServer
from tests.cli.project import until
from tests.rights.house import SPEAK, House, prepared
from tests.rights.logins import logins_on
from tests.rights.secured import Secured
from tests.secured_kafka import SecuredKafka

pytestmark = [pytest.mark.kafka, pytest.mark.postgres]

# Half of them by password over TLS, half by a certificate.
BY_CERTIFICATE = {"router", "resumer", "reviewer", "auditor"}


@pytest.fixture
def by_certificate() -> Collection[str]:
    return BY_CERTIFICATE


@pytest.fixture
def house(
    secured_kafka: SecuredKafka,
    postgres_server: PostgresServer,
    topic_prefix: str,
    tmp_path: Path,
    by_certificate: Collection[str],
) -> Iterator[House]:
    with logins_on(postgres_server) as logins:
        yield prepared(House(Secured(secured_kafka, topic_prefix), logins, tmp_path, by_certificate))


@pytest.mark.long
@pytest.mark.parametrize(
    "by_certificate",
    [
        pytest.param(BY_CERTIFICATE, id="some"),
        pytest.param(
            {*SPEAK, "service", "operator"} - BY_CERTIFICATE, id="the-others", marks=pytest.mark.slow
        ),
    ],
)
def test_every_part_does_its_work_with_its_own_rights_alone(house: House) -> None:
    agent, reviewer, submitter = house.as_("agent"), house.as_("reviewer"), house.without_kafka()
    with house.workers():
        harmless, grave = (
            agent.run("propose", file, "--json").json["plan_id"] for file in ("harmless.json", "grave.json")
        )
        house.secured.writes("agent", ["plans"])  # no plan at all: the router makes a dead letter of it
        run = submitter.submit("run", "send_email", {"to": "ana", "token": "t"})
        for plan_id in (grave, run):
            gate = reviewer.waiting(plan_id)["request_id"]
            said = reviewer.run("approve", gate, "--yes", "--by", "ben", "--json")
            assert said.json["fate"] == "DECIDED"
        assert sorted(house.serve(harmless, grave)) == ["note", "send_email"]
        assert submitter.ended("run") == "DONE"
        done = dict.fromkeys((UUID(harmless), UUID(grave), UUID(run)), OutcomeStatus.DONE)
        until(lambda: house.outcomes() == done)
        assert {decode(value, PolicyKept).digest for value in until(lambda: house.records(POLICIES))}
        (letter,) = until(lambda: house.records(DEAD_LETTERS))
        assert letter == b"x"
        assert len(house.as_("operator").run("dead-letters", "list", "--json").json) == 1
        assert {row["status"] for row in house.as_("auditor").run("runs", "--json").json} == {"DONE"}
        shown = reviewer.run("show", grave, "--json").json
        assert [row["state"] for row in shown["effects"]] == ["SUCCEEDED"]
        looked = house.as_("gatekeeper").run("doctor", "--role", "gatekeeper", "--json")
        assert looked.code == 0, looked.out
        assert house.denied() == []
        whole = house.as_("auditor").run("doctor", "--json").findings
        assert [what for what, each in whole.items() if each["state"] == "wrong"] == []
        assert [what for what, each in whole.items() if "not for this" in each["found"]] == []
        assert whole["dead letters"]["found"].startswith("1, the newest")
    # who may not see a topic's options is told so
    assert [
        each for each in house.denied() if not each.startswith("auditor: operation = DESCRIBE_CONFIGS")
    ] == []
    assert house.troubles() == []
    house.secured.writes("agent", ["decisions"])
    assert len(house.denied()) >= 1  # it would have been seen


@pytest.mark.parametrize(
    ("part", "user", "lacks"),
    [
        ("router", "gatekeeper", ["Read on topic {}plans", "Read on group {}plangate-router"]),
        ("gatekeeper", "router", ["topics {}decisions, {}verdicts", "may not be seen by this user"]),
        ("resumer", "service", ["may not be seen by this user", "`plangate topics acls`"]),
    ],
)
def test_a_worker_does_not_start_in_silence_without_its_rights(
    house: House, part: str, user: str, lacks: list[str]
) -> None:
    """Kafka's clients would ask for ever for a group that they may not read."""
    words = [word.format(house.secured.prefix, house.secured.prefix) for word in lacks]
    ended = house.as_(user).run("worker", "--only", part)
    ended.complains(*words, "`plangate topics acls` says what each role needs")


@pytest.mark.parametrize(
    ("part", "role", "lacks"),
    [
        ("router", Role.AGENT, "SELECT on gates"),
        ("gatekeeper", Role.RESUMER, "INSERT on gates"),
        ("resumer", Role.SERVICE, "INSERT on checkpoints"),
    ],
)
def test_nor_with_another_role_in_the_store(house: House, part: str, role: Role, lacks: str) -> None:
    another = house.as_(part, PLANGATE_STORE_URL=house.logins.url_of(role))
    another.run("worker", "--only", part).complains(
        "the store does not allow this user: ", lacks, "`plangate store roles` says what each role needs"
    )
