"""Who is not let in by Kafka hears why and what to do: in one line, at once, and without a secret in it."""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from confluent_kafka import KafkaException

from plangate import KafkaProducer, verdicts
from plangate.cli.main import main
from plangate.kafka.roles import Role
from plangate.worker import logs
from producers.delivery import NotDeliveredError
from tests.apps.world import plan
from tests.cli.commands import CATALOGUE, PLAN
from tests.rights.secured import GROUP, Secured, variables
from tests.secured_kafka import CERTIFICATE, HOST, PLAIN, TLS, SecuredKafka

pytestmark = pytest.mark.kafka

SECRET = "s3cr3t-w0rd"  # noqa: S105 - looked for in what commands print
Options = Mapping[str, str]


def at_address(options: Options) -> Options:
    """The same broker under a name that its certificate does not have."""
    return {**options, "bootstrap.servers": options["bootstrap.servers"].replace(HOST, "127.0.0.1")}


def moved(options: Options, to: Options) -> Options:
    """To a listener that is for others."""
    return {**options, "bootstrap.servers": to["bootstrap.servers"]}


FAULTS: dict[str, tuple[Callable[[SecuredKafka], Options], list[str]]] = {
    "a wrong password": (
        lambda kafka: {**kafka.options_of("agent"), "sasl.password": SECRET},
        ["Kafka does not take our login", "invalid credentials", "set sasl.username and sasl.password"],
    ),
    "a wrong password over TLS": (
        lambda kafka: {**kafka.options_of("agent", TLS), "sasl.password": SECRET},
        ["Kafka does not take our login", "invalid credentials", "set sasl.username and sasl.password"],
    ),
    "a mechanism that it lacks": (
        lambda kafka: {**kafka.options_of("agent", TLS), "sasl.mechanism": "PLAIN", "sasl.password": SECRET},
        ["does not know our SASL mechanism", "supported mechanisms: SCRAM-SHA-512", "set sasl.mechanism"],
    ),
    "a wrong CA": (
        lambda kafka: {**kafka.options_of("agent", TLS), "ssl.ca.location": str(kafka.tls / "other-ca.pem")},
        ["certificate is of no CA that we trust", "set ssl.ca.location to its CA's file"],
    ),
    "another host's certificate": (
        lambda kafka: at_address(kafka.options_of("agent", TLS)),
        ["certificate is for another host", "127.0.0.1", "name the broker in bootstrap.servers as its"],
    ),
    "the client certificate of nobody": (
        lambda kafka: {**kafka.options_of("agent", CERTIFICATE), **kafka.certificate_of("nobody")},
        [
            "does not take our client certificate",
            "alert",
            "set ssl.certificate.location and ssl.key.location",
        ],
    ),
    "no client certificate": (
        lambda kafka: moved(kafka.options_of("agent", TLS), kafka.options_of("agent", CERTIFICATE)),
        ["client certificate, or misses it", "set ssl.certificate.location and ssl.key.location"],
    ),
    "no TLS to a port with TLS": (
        lambda kafka: moved(kafka.options_of("agent"), kafka.options_of("agent", TLS)),
        ["Kafka speaks TLS there", "set security.protocol to SASL_SSL or SSL"],
    ),
    "TLS to a port without": (
        lambda kafka: at_address(moved(kafka.options_of("agent", TLS), kafka.options_of("agent"))),
        ["Kafka speaks no TLS there", "set security.protocol to SASL_PLAINTEXT or PLAINTEXT"],
    ),
    "no login at all": (
        lambda kafka: {"bootstrap.servers": kafka.bootstrap_servers},
        ["hangs up on us", "SASL_SSL or SASL_PLAINTEXT with a login"],
    ),
    "a certificate where a login is asked for": (
        lambda kafka: moved(kafka.options_of("agent", CERTIFICATE), kafka.options_of("agent", TLS)),
        ["hangs up on us", "SASL_SSL or SASL_PLAINTEXT with a login"],
    ),
}


class Desk:
    """Commands in this process, in a folder of their own."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch, self._capsys = monkeypatch, capsys
        monkeypatch.setattr(logs, "configure", lambda *_: None)

    def speak_as(self, options: Options, prefix: str = "") -> None:
        for name, value in {**variables(options), "PLANGATE_TOPIC_PREFIX": prefix}.items():
            self._monkeypatch.setenv(name, value)

    def run(self, *arguments: str) -> tuple[str, str]:
        """What it says on stdout and on stderr."""
        self._monkeypatch.setattr(sys, "argv", ["plangate", *arguments])
        with pytest.raises(SystemExit):
            main()
        said = self._capsys.readouterr()
        assert SECRET not in said.out + said.err
        return said.out, said.err

    def complaint(self, *arguments: str) -> str:
        """The one line."""
        out, err = self.run(*arguments)
        (line,) = err.splitlines()
        assert out == ""
        return line.removeprefix("plangate: ")

    def findings(self, *roles: str) -> dict[str, str]:
        """What doctor calls wrong."""
        out, err = self.run("doctor", "--json", *(f"--role={role}" for role in roles))
        assert err == ""
        wrong = (row for row in json.loads(out)["findings"] if row["state"] == "wrong")
        return {row["what"]: "; ".join(filter(None, [row["found"], row["mend"]])) for row in wrong}


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Desk:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE)
    (tmp_path / "plan.json").write_text(PLAN)
    return Desk(monkeypatch, capsys)


@pytest.mark.parametrize("fault", FAULTS)
def test_worker_doctor_and_commands_say_in_one_line_what_is_wrong_and_how_to_mend_it(
    secured_kafka: SecuredKafka, desk: Desk, fault: str
) -> None:
    options, words = FAULTS[fault]
    desk.speak_as(options(secured_kafka))
    line = desk.complaint("propose", "plan.json")
    assert [word for word in [options(secured_kafka)["bootstrap.servers"], *words] if word not in line] == []
    assert "start one" not in line
    assert desk.complaint("worker", "--only", "router") == line
    assert desk.findings()["Kafka and topics"] == line


@pytest.mark.parametrize("protocol", [PLAIN, TLS, CERTIFICATE])
def test_who_is_let_in_and_lacks_rights_hears_which(
    secured_kafka: SecuredKafka, topic_prefix: str, desk: Desk, protocol: str
) -> None:
    secured = Secured(secured_kafka, topic_prefix)
    secured.create_topics()
    desk.speak_as(secured_kafka.options_of("stranger", protocol), topic_prefix)
    acls = "`plangate topics acls` says what each role needs"
    assert f"topic {topic_prefix}plans may not be seen" in (line := desk.complaint("propose", "plan.json"))
    assert acls in line
    assert f"{topic_prefix}plans" in (line := desk.complaint("worker", "--only", "router"))
    assert "may not be seen by this user" in line
    assert acls in line
    assert acls in desk.findings()["Kafka and topics"]
    secured.grant(Role.AGENT)
    desk.speak_as(secured_kafka.options_of("agent", protocol))
    assert "may not be seen" in desk.complaint("worker", "--only", "gatekeeper")


ROLES = [f"service:{GROUP}" if role is Role.SERVICE else str(role) for role in Role]


def test_doctor_asks_for_the_rights_of_a_role(
    secured_kafka: SecuredKafka, topic_prefix: str, desk: Desk
) -> None:
    secured = Secured(secured_kafka, topic_prefix)
    secured.create_topics()
    secured.grant(*(role for role in Role if role is not Role.ADMIN))
    kafkas = {"Kafka and topics", "Kafka rights", "Kafka options"}
    for number, role in enumerate(ROLES):
        user, protocol = role.partition(":")[0], (PLAIN, TLS, CERTIFICATE)[number % 3]
        desk.speak_as(secured_kafka.options_of(user, protocol), topic_prefix)
        found = desk.findings(role)
        assert kafkas & found.keys() == set(), (role, found)
    desk.speak_as(secured_kafka.options_of("agent"), topic_prefix)
    lacks = desk.findings("agent", "service:another", "admin")["Kafka rights"]
    for each in (
        "Write on topic {}outcomes",
        "Read on group {}another",
        "Describe on group {}plangate-reader-*",
    ):
        assert each.format(topic_prefix) in lacks
    assert "Alter on cluster" in lacks
    assert f"Write on topic {topic_prefix}plans" not in lacks
    assert "`plangate topics acls` says what each role needs" in lacks
    assert "'boss' is no role; name one of admin" in desk.complaint("doctor", "--role=boss")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"sasl.pasword": SECRET}, ["Kafka option sasl.pasword", "No such configuration property"]),
        ({"security.protocol": "TLS"}, ["Kafka option security.protocol", "TLS"]),
        ({"ssl.ca.location": "/no/such"}, ["Kafka option ssl.ca.location"]),
        ({"sasl.password": ""}, ["Kafka option sasl.password"]),
    ],
)
def test_an_option_that_no_client_takes_is_named(desk: Desk, given: Options, words: list[str]) -> None:
    good = {"bootstrap.servers": "127.0.0.1:1", "security.protocol": "SASL_SSL", "sasl.username": "me"}
    desk.speak_as({**good, "sasl.mechanism": "SCRAM-SHA-512", "sasl.password": SECRET, **given})
    found = desk.findings()["Kafka options"]
    assert [word for word in words if word not in found] == []
    assert "start one" not in found


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        ("a wrong password", ["invalid credentials", "check sasl.username, sasl.password"]),
        ("a wrong CA", ["could not be verified", "check ssl.ca.location"]),
        (
            "the client certificate of nobody",
            ["alert", "check ssl.certificate.location and ssl.key.location"],
        ),
    ],
)
async def test_so_does_code_that_proposes_or_carries_out(
    secured_kafka: SecuredKafka, fault: str, words: list[str]
) -> None:
    options = FAULTS[fault][0](secured_kafka)
    quick = {**options, "message.timeout.ms": 1000}
    with KafkaProducer(quick) as producer, pytest.raises(NotDeliveredError) as caught:
        await producer.asend(plan("look"))
    assert [word for word in words if word not in str(caught.value)] == []
    with verdicts(options, group="mailer", idle_s=60) as works, pytest.raises(KafkaException) as heard:
        next(iter(works))
    assert words[0] in heard.value.args[0].str()
