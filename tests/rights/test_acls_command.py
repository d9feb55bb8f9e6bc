"""`plangate topics acls`."""

import json
import shlex
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from plangate.cli.acls import acls
from plangate.cli.failures import CommandError
from plangate.dev.apache_kafka import ApacheKafka
from plangate.kafka.acls import Grant, apply
from plangate.kafka.roles import Role, rights_of
from tests.cli.commands import NO_BROKER, Shell
from tests.rights.secured import GROUP, Secured, speaking, variables
from tests.secured_kafka import SecuredKafka

SERVICE = "service:mailer=User:service"


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """A folder, and no broker."""
    return Shell(tmp_path, {"PLANGATE_KAFKA_BOOTSTRAP_SERVERS": NO_BROKER, "PLANGATE_TOPIC_PREFIX": "acme."})


@pytest.fixture
def secured(secured_kafka: SecuredKafka, topic_prefix: str) -> Secured:
    return Secured(secured_kafka, topic_prefix)


def test_without_a_broker_it_says_what_every_role_needs(shell: Shell) -> None:
    rows = shell.run("topics", "acls", "--json").json
    assert {row["role"] for row in rows} == set(Role)
    assert {row["name"] for row in rows if row["role"] == "agent"} == {"acme.plans"}


def test_the_table_fits_eighty_columns(shell: Shell) -> None:
    said = shell.with_(COLUMNS="80").run("topics", "acls", "--principal", SERVICE)
    assert max(len(line) for line in said.out.splitlines()) <= 80
    assert "topics acme.auto-execute" in said.out
    assert "group acme.mailer" in " ".join(said.out.split())


@pytest.mark.parametrize(("deed", "flag"), [([], "--add"), (["--remove"], "--remove")])
def test_the_commands_give_or_take_the_same_and_their_lines_fit_too(
    shell: Shell, deed: list[str], flag: str
) -> None:
    said = shell.run("topics", "acls", "--commands", *deed, "--principal", SERVICE).out
    assert max(len(line) for line in said.splitlines()) <= 80
    given = [shlex.split(command) for command in said.replace("\\\n", " ").splitlines()]
    assert {words[0] for words in given} == {"kafka-acls.sh"}
    assert all(flag in words and ("--force" in words) is bool(deed) for words in given)
    asked = {right for words in given for right in rights_in(words)}
    rights = rights_of(Role.SERVICE, "acme.", "mailer")
    assert asked == {(each.operation, each.resource.kind, each.resource.name) for each in rights}


def rights_in(words: list[str]) -> set[tuple[str, str, str]]:
    values = dict(pairwise(words))
    assert values["--allow-principal"] == "User:service"
    named = [(word[2:], value) for word, value in pairwise(words) if word in ("--topic", "--group")]
    return {(values["--operation"], kind, name) for kind, name in named}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("boss=User:eva", ["'boss' is no role", "name one of admin, router"]),
        ("router", ["'' is nobody's name", "write router=User:NAME"]),
        ("router=eva", ["'eva' is nobody's name"]),
        ("reviewer=User:*", ["'User:*' is nobody's name"]),
        ("reviewer=User:e\u200bva", ["holds U+200B, which nobody sees"]),
        ("service=User:mailer", ["only a service names its consumer group", "service:GROUP=User:mailer"]),
        ("router:mailer=User:r", ["only a service names its consumer group", "write router=User:r"]),
        ("service:plangate-router=User:m", ["groups that begin with plangate- are Plangate's own"]),
    ],
)
def test_a_principal_that_cannot_be_meant_is_told_with_its_mend(given: str, words: list[str]) -> None:
    with pytest.raises(CommandError) as caught:
        acls([given])
    assert [word for word in [f"--principal {given}: ", *words] if word not in str(caught.value)] == []


@pytest.mark.parametrize("deed", ["--apply", "--remove"])
def test_nobody_named_is_nothing_to_give_or_take(shell: Shell, deed: str) -> None:
    shell.run("topics", "acls", deed).complains("nobody is named", "give --principal ROLE=User:NAME")


def test_without_kafka_nothing_is_applied(shell: Shell) -> None:
    shell.run("topics", "acls", "--apply", "--principal", SERVICE).complains(f"no Kafka at {NO_BROKER}")


@pytest.mark.kafka
def test_what_lacks_is_made_once_and_named(secured: Secured, tmp_path: Path) -> None:
    admin = speaking(tmp_path, secured, "admin")
    half = admin.run("topics", "acls", "--apply", "--json", "--principal", "agent=User:agent").json
    assert states(half) == {"made"}
    both = ("topics", "acls", "--apply", "--principal", "agent=User:agent", "--principal", SERVICE)
    rows = admin.run(*both, "--json").json
    assert {row["role"]: row["state"] for row in rows} == {"agent": "there", "service": "made"}
    assert states(admin.run(*both, "--json").json) == {"there"}
    secured.create_topics()
    assert secured.writes("service", ["outcomes", "plans"]) == {
        "outcomes": "taken",
        "plans": "TOPIC_AUTHORIZATION_FAILED",
    }


@pytest.mark.kafka
def test_what_a_role_needs_is_taken_away_again_and_nothing_else(secured: Secured, tmp_path: Path) -> None:
    secured.create_topics()
    secured.grant(Role.SERVICE, Role.AGENT)
    decides = next(
        right
        for right in rights_of(Role.REVIEWER, secured.prefix)
        if right.resource.name == f"{secured.prefix}decisions"
    )
    beyond = Grant(Role.REVIEWER, "User:service", decides)
    apply(secured.settings("admin"), [beyond])
    admin = speaking(tmp_path, secured, "admin")
    take = ("topics", "acls", "--remove", f"--principal=service:{GROUP}=User:service", "--json")
    assert {row["principal"] for row in admin.run(*take).json} == {"User:service"}  # a look takes nothing
    assert states(admin.run(*take, "--apply").json) == {"taken"}
    assert secured.writes("service", ["outcomes", "decisions"]) == {
        "outcomes": "TOPIC_AUTHORIZATION_FAILED",
        "decisions": "taken",
    }
    assert secured.writes("agent", ["plans"]) == {"plans": "taken"}
    assert states(admin.run(*take, "--apply").json) == {"not there"}
    agent = speaking(tmp_path, secured, "agent")
    agent.run(*take, "--apply").complains("was not taken away", "this user may not give or take rights")


def states(rows: list[dict[str, Any]]) -> set[str]:
    return {row["state"] for row in rows}


@pytest.mark.kafka
def test_who_may_not_give_rights_hears_which_one_failed_and_who_may(secured: Secured, tmp_path: Path) -> None:
    agent = speaking(tmp_path, secured, "agent")
    agent.run("topics", "acls", "--apply", "--principal", "reviewer=User:agent").complains(
        f"role reviewer, User:agent: Describe on group {secured.prefix}plangate-reader-* was not granted",
        "this user may not give or take rights",
        "do it as a super user",
    )


@pytest.mark.kafka
def test_a_broker_without_an_authorizer_is_named_with_the_option(kafka: ApacheKafka, tmp_path: Path) -> None:
    shell = Shell(tmp_path, variables(kafka.client_options))
    shell.run("topics", "acls", "--apply", "--principal", "agent=User:agent").complains(
        "role agent, User:agent: Write on topic plans was not granted", "set authorizer.class.name="
    )


@pytest.mark.kafka
@pytest.mark.parametrize(
    ("broker", "user", "state"),
    [("kafka", "", "look"), ("secured_kafka", "admin", "look"), ("secured_kafka", "agent", "ok")],
)
def test_doctor_says_of_a_user_to_whom_nothing_is_refused_that_it_is_worth_a_look(
    request: pytest.FixtureRequest, topic_prefix: str, tmp_path: Path, broker: str, user: str, state: str
) -> None:
    kafka: ApacheKafka = request.getfixturevalue(broker)
    kafka.create_topics(f"{topic_prefix}plans")
    if isinstance(kafka, SecuredKafka):
        Secured(kafka, topic_prefix).grant(Role.AGENT)
    options = kafka.options_of(user) if user else kafka.client_options
    shell = Shell(tmp_path, {**variables(options), "PLANGATE_TOPIC_PREFIX": topic_prefix})
    said = shell.run("doctor", "--role=agent", "--json").findings["Kafka rights"]
    assert said["state"] == state
    assert ("super user, or the brokers refuse nobody anything; set authorizer" in said["all"]) is (
        state == "look"
    )


@pytest.mark.kafka
def test_a_topic_that_one_may_not_see_is_not_called_missing(secured: Secured, tmp_path: Path) -> None:
    secured.create_topics()
    secured.grant(Role.AGENT)
    agent = speaking(tmp_path, secured, "agent")
    agent.write("plan.json", '{"goal": "g", "steps": [{"action_type": "a", "arguments": {}}]}')
    assert agent.run("propose", "plan.json").code == 0
    rows = json.loads(agent.run("topics", "check", "--json").out)
    checked = {row["name"]: row["problem"] for row in rows}
    assert checked.pop(f"{secured.prefix}plans") == ""
    assert set(checked.values()) == {
        "may not be seen by this user, or is missing; `plangate topics acls` says what each role needs"
    }
    agent.run("topics", "create").complains("may not be made by this user", "admin")
