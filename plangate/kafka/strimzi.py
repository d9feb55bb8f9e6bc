"""ACLs as Strimzi's KafkaUser resources, which its User Operator turns into users and rights.

`kafka.strimzi.io/v1` is the one version that Strimzi serves from 1.0 on.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from io import StringIO
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.scalarstring import DoubleQuotedScalarString as Quoted

from plangate.kafka.acls import Grant
from plangate.kafka.roles import Kind, Resource

API_VERSION = "kafka.strimzi.io/v1"
_CLUSTER = "strimzi.io/cluster"  # the operator passes over a user without this label
_DNS = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_RESOURCE_NAME = re.compile(rf"{_DNS}(\.{_DNS})*")
_LONGEST_NAME, _LONGEST_COMMON_NAME, _LONGEST_LABEL = 253, 64, 63


class NoKafkaUserError(ValueError):
    """{field}: {problem}; {mend}."""

    def __init__(self, field: str, problem: str, mend: str) -> None:
        super().__init__(f"{field}: {problem}; {mend}")


def kafka_users(grants: Iterable[Grant], cluster: str) -> str:
    """One YAML document for each principal, with the rights of all its roles: of two the later would hold.

    `User:NAME` logs in with SCRAM, `User:CN=NAME` with a certificate. Raises NoKafkaUserError.
    """
    if not _RESOURCE_NAME.fullmatch(cluster) or len(cluster) > _LONGEST_LABEL:
        raise NoKafkaUserError(
            f"--cluster {cluster}", "no Kafka resource is called so", "give its metadata.name"
        )
    of: dict[str, list[Grant]] = {}
    for grant in grants:
        of.setdefault(grant.principal, []).append(grant)
    names = {principal: _name(principal) for principal in of}
    for principal, name in names.items():
        if others := [each for each in names if each != principal and names[each] == name]:
            raise NoKafkaUserError(
                f"--principal …={principal}", f"{others[0]} would be the KafkaUser {name}, too", "keep one"
            )
    return _text(_document(names[principal], principal, some, cluster) for principal, some in of.items())


def _name(principal: str) -> str:
    """The resource's, of which Strimzi makes the principal."""
    _, _, user = principal.partition(":")
    name = user.removeprefix("CN=")
    longest = _LONGEST_NAME if name == user else _LONGEST_COMMON_NAME
    if not _RESOURCE_NAME.fullmatch(name) or len(name) > longest:
        raise NoKafkaUserError(
            f"--principal …={principal}",
            f"{name!r} is no name of a Kubernetes resource",
            f"use a-z, 0-9, - and ., at most {longest} of them: User:NAME, or for mTLS User:CN=NAME",
        )
    return name


def _document(name: str, principal: str, grants: Iterable[Grant], cluster: str) -> Mapping[str, Any]:
    certificate = principal.startswith("User:CN=")
    return {
        "apiVersion": API_VERSION,
        "kind": "KafkaUser",
        "metadata": {"name": Quoted(name), "labels": {_CLUSTER: Quoted(cluster)}},
        "spec": {
            "authentication": {"type": "tls" if certificate else "scram-sha-512"},
            "authorization": {"type": "simple", "acls": list(_rules(grants))},
        },
    }


def _rules(grants: Iterable[Grant]) -> Iterator[Mapping[str, Any]]:
    """One for each resource."""
    operations: dict[Resource, dict[str, None]] = {}
    for grant in grants:
        operations.setdefault(grant.right.resource, {})[str(grant.right.operation)] = None
    for resource, allowed in operations.items():
        yield {"resource": _resource(resource), "operations": list(allowed)}


def _resource(resource: Resource) -> Mapping[str, Any]:
    if resource.kind is Kind.CLUSTER:
        return {"type": "cluster"}  # there is one
    pattern = "prefix" if resource.prefixed else "literal"
    # Quoted, since Kubernetes reads YAML 1.1, in which a group called `on` is no text.
    return {"type": str(resource.kind), "name": Quoted(resource.name), "patternType": pattern}


def _text(documents: Iterable[Mapping[str, Any]]) -> str:
    yaml, text = YAML(), StringIO()
    yaml.explicit_start = True
    yaml.width = 10_000
    yaml.indent(mapping=2, sequence=4, offset=2)
    yaml.dump_all(documents, text)
    return text.getvalue()
