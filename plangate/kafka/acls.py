"""ACLs on the brokers: what roles need is looked up, and made where it is missing."""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from confluent_kafka import KafkaError, KafkaException
from confluent_kafka.admin import (  # type: ignore[attr-defined] # they are public
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
)

from gate_events.shown import shown
from plangate.kafka.clients import TIMEOUT_S, admin, cluster
from plangate.kafka.roles import Kind, Operation, Right, Role
from plangate.settings import Settings

_CREATE_S = 30.0
_LOOK_S = 0.05
_KINDS = {
    Kind.TOPIC: ResourceType.TOPIC,
    Kind.GROUP: ResourceType.GROUP,
    Kind.CLUSTER: ResourceType.BROKER,  # librdkafka's name for it
}
_ALL: Any = None  # a filter's word for it, which its type lacks
_EVERYTHING = AclBindingFilter(
    ResourceType.ANY, _ALL, ResourcePatternType.ANY, _ALL, _ALL, AclOperation.ANY, AclPermissionType.ANY
)
_NO_AUTHORIZER = (
    "the brokers have no authorizer, so everybody may do everything",
    "set authorizer.class.name=org.apache.kafka.metadata.authorizer.StandardAuthorizer there",
)
_REASONS = {
    KafkaError.CLUSTER_AUTHORIZATION_FAILED: (
        "this user may not give rights",
        "do it as a super user, or as one with the rights of the role admin",
    ),
    KafkaError.SECURITY_DISABLED: _NO_AUTHORIZER,
    KafkaError._UNSUPPORTED_FEATURE: _NO_AUTHORIZER,
}


@dataclass(frozen=True)
class Grant:
    """A right for a principal (`User:NAME`), because it has a role."""

    role: Role
    principal: str
    right: Right

    def __str__(self) -> str:
        right = self.right
        return f"role {self.role}, {shown(self.principal)}: {right.operation} on {shown(str(right.resource))}"


class AclRefusedError(Exception):
    """Role {role}, {principal}: {operation} on {resource} was not granted: {reason}; {mend}."""

    def __init__(self, grant: Grant, reason: str, mend: str) -> None:
        super().__init__(f"{grant} was not granted: {reason}; {mend}")
        self.grant = grant


def apply(settings: Settings, grants: Sequence[Grant]) -> dict[Grant, bool]:
    """Give what is not given yet; for each grant whether it was made now. A repeat makes nothing.

    What others gave, or gave beyond this, stays. Raises AclRefusedError, and what `cluster` raises; what was
    made before that stays, too.
    """
    if not grants:
        return {}
    cluster(settings)  # it answers
    client = admin(settings)
    there = _there(client, grants[0])
    made = {grant: binding_of(grant) not in there for grant in grants}
    first = {binding_of(grant): grant for grant in reversed(grants) if made[grant]}
    for binding, future in client.create_acls(list(first)).items() if first else ():
        try:
            future.result(_CREATE_S)
        except KafkaException as error:
            raise _refused(first[binding], error.args[0]) from error
    _await_force(client, first)
    return made


def binding_of(grant: Grant) -> AclBinding:
    """The ACL as Kafka's clients have it: allowed from every host."""
    right, resource = grant.right, grant.right.resource
    return AclBinding(
        _KINDS[resource.kind],
        resource.name,
        ResourcePatternType.PREFIXED if resource.prefixed else ResourcePatternType.LITERAL,
        grant.principal,
        "*",
        _operation(right.operation),
        AclPermissionType.ALLOW,
    )


def _operation(operation: Operation) -> AclOperation:
    return AclOperation[operation.name]


def _await_force(client: AdminClient, made: Mapping[AclBinding, Grant]) -> None:
    """Return when they are in force: brokers learn of them a moment after the controller has answered."""
    end = time.monotonic() + _CREATE_S
    while made and (late := made.keys() - _there(client, next(iter(made.values())))):
        if time.monotonic() > end:
            raise AclRefusedError(made[late.pop()], "the brokers do not know of it yet", "look again later")
        time.sleep(_LOOK_S)


def _there(client: AdminClient, about: Grant) -> set[AclBinding]:
    """All ACLs there are. Kafka shows none to who may not see them."""
    try:
        found: Iterable[AclBinding] = client.describe_acls(_EVERYTHING, request_timeout=TIMEOUT_S).result(
            _CREATE_S
        )
    except KafkaException as error:
        raise _refused(about, error.args[0]) from error
    return set(found)


def _refused(grant: Grant, error: KafkaError) -> AclRefusedError:
    said = shown(error.str().partition("\n")[0])[:200]
    return AclRefusedError(grant, *_REASONS.get(error.code(), (said, f"Kafka calls it {error.name()}")))
