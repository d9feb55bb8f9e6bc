"""`plangate topics acls --strimzi`: what Strimzi's User Operator is told."""

import shlex
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
from pydantic import BaseModel, ConfigDict, Field
from ruamel.yaml import YAML

from plangate.cli.acls import acls
from plangate.cli.failures import CommandError
from plangate.kafka.roles import Role
from plangate.kafka.strimzi import NoKafkaUserError
from tests.cli.commands import NO_BROKER, Shell

SERVICE = "service:mailer=User:mailer"
EVERYBODY = [f"{role}=User:{role}" for role in Role if role is not Role.SERVICE] + [SERVICE]
Name = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$", max_length=253)]


class Known(BaseModel):
    """A part of KafkaUser as the CRD of Strimzi 1.2 has it; Kubernetes keeps no other fields."""

    model_config = ConfigDict(extra="forbid", strict=True)


class Metadata(Known):
    name: Name
    labels: dict[Literal["strimzi.io/cluster"], Name]


class Resource(Known):
    type: Literal["topic", "group", "cluster", "transactionalId"]
    name: str | None = None
    patternType: Literal["literal", "prefix"] = "literal"  # noqa: N815 - the CRD's word


Operation = Literal[
    "Read", "Write", "Create", "Delete", "Alter", "Describe", "ClusterAction", "AlterConfigs",
    "DescribeConfigs", "IdempotentWrite", "All",
]  # fmt: skip


class Rule(Known):
    resource: Resource
    operations: Annotated[list[Operation], Field(min_length=1)]
    type: Literal["allow", "deny"] = "allow"
    host: str = "*"


class Authentication(Known):
    type: Literal["scram-sha-512", "tls", "tls-external"]


class Authorization(Known):
    type: Literal["simple"]
    acls: list[Rule]


class Spec(Known):
    authentication: Authentication
    authorization: Authorization


class KafkaUser(Known):
    apiVersion: Literal["kafka.strimzi.io/v1"]  # noqa: N815 - Kubernetes' word
    kind: Literal["KafkaUser"]
    metadata: Metadata
    spec: Spec

    @property
    def principal(self) -> str:
        """Whom Strimzi makes of it: with certificates the name is a common name."""
        plain = self.spec.authentication.type == "scram-sha-512"
        return f"User:{self.metadata.name}" if plain else f"User:CN={self.metadata.name}"


@pytest.fixture(autouse=True)
def prefix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PLANGATE_TOPIC_PREFIX", "acme.")


def users(text: str) -> list[KafkaUser]:
    yaml = YAML(typ="safe")
    yaml.version = "1.1"  # as Kubernetes reads it
    return [KafkaUser.model_validate(document) for document in yaml.load_all(text)]


@pytest.fixture
def made(capsys: pytest.CaptureFixture[str]) -> Callable[..., list[KafkaUser]]:
    """What is printed for principals."""

    def of(*principals: str, cluster: str = "my-cluster") -> list[KafkaUser]:
        acls(list(principals), strimzi=True, cluster=cluster)
        return users(capsys.readouterr().out)

    return of


def test_each_role_is_a_user_that_the_custom_resource_definition_allows(tmp_path: Path) -> None:
    shell = Shell(tmp_path, {"PLANGATE_KAFKA_BOOTSTRAP_SERVERS": NO_BROKER})
    principals = [f"--principal={each}" for each in EVERYBODY]
    ended = shell.run("topics", "acls", "--strimzi", "--cluster", "kafka-1", *principals)
    assert ended.code == 0, ended.err
    found = users(ended.out)
    assert [user.metadata.name for user in found] == [*(r for r in Role if r is not Role.SERVICE), "mailer"]
    assert {user.metadata.labels["strimzi.io/cluster"] for user in found} == {"kafka-1"}
    assert {user.spec.authentication.type for user in found} == {"scram-sha-512"}


@pytest.mark.parametrize("who", ["User:", "User:CN="])
def test_it_gives_what_the_commands_give_and_no_more(
    made: Callable[..., list[KafkaUser]], capsys: pytest.CaptureFixture[str], who: str
) -> None:
    principals = [each.replace("User:", who) for each in EVERYBODY]
    acls(principals, commands=True)
    commands = capsys.readouterr().out.replace("\\\n", " ").splitlines()
    given = {right for command in commands for right in rights_in(command)}
    assert {right for user in made(*principals) for right in rights_of_user(user)} == given
    assert ("Read", "group", "acme.mailer", "literal", f"{who}mailer") in given
    assert ("Alter", "cluster", None, "literal", f"{who}admin") in given


def rights_of_user(user: KafkaUser) -> set[tuple[Any, ...]]:
    assert {(rule.type, rule.host) for rule in user.spec.authorization.acls} == {("allow", "*")}
    return {
        (operation, rule.resource.type, rule.resource.name, rule.resource.patternType, user.principal)
        for rule in user.spec.authorization.acls
        for operation in rule.operations
    }


def rights_in(command: str) -> set[tuple[Any, ...]]:
    """What a command of kafka-acls.sh gives."""
    words = shlex.split(command)
    values = dict(pairwise(words))
    pattern = "prefix" if values.get("--resource-pattern-type") == "prefixed" else "literal"
    of, who = values["--operation"], values["--allow-principal"]
    named = [(word[2:], value) for word, value in pairwise(words) if word in ("--topic", "--group")]
    cluster = [("cluster", None)] if "--cluster" in words else []
    return {(of, kind, name, pattern, who) for kind, name in [*named, *cluster]}


def test_somebody_with_two_roles_is_one_user_with_the_rights_of_both(
    made: Callable[..., list[KafkaUser]],
) -> None:
    (both,) = made("agent=User:a", "reporter=User:a")
    assert {(rule.resource.name, *rule.operations) for rule in both.spec.authorization.acls} == {
        ("acme.plans", "Write"),
        ("acme.incidents", "Write"),
    }


def test_names_that_older_yaml_takes_for_numbers_and_switches_stay_text(
    made: Callable[..., list[KafkaUser]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PLANGATE_TOPIC_PREFIX")
    (user,) = made("service:on=User:123", cluster="0x1f")
    assert "on" in {rule.resource.name for rule in user.spec.authorization.acls}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"principals": ["agent=User:Ana"]}, ["'Ana' is no name of a Kubernetes resource", "use a-z, 0-9"]),
        ({"principals": ["agent=User:CN=ana,OU=x"]}, ["'ana,OU=x' is no name"]),
        ({"principals": [f"agent=User:CN={'a' * 65}"]}, ["at most 64"]),
        ({"principals": ["agent=User:a", "reporter=User:CN=a"]}, ["would be the KafkaUser a, too"]),
        ({"principals": ["agent=User:a"], "cluster": "My_Kafka"}, ["--cluster My_Kafka", "metadata.name"]),
        (
            {"principals": ["agent=User:a"], "apply": True},
            ["User Operator gives the rights", "leave out --ap"],
        ),
        ({"principals": []}, ["nobody is named"]),
    ],
)
def test_what_strimzi_would_not_take_is_told_with_its_mend(given: dict[str, Any], words: list[str]) -> None:
    with pytest.raises((CommandError, NoKafkaUserError)) as caught:
        acls(**{"cluster": "my-cluster", **given}, strimzi=True)
    assert [word for word in words if word not in str(caught.value)] == []
    assert "\n" not in str(caught.value)
