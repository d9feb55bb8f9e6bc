"""ACLs on the brokers: what roles need is looked up, made where it is missing, and taken away again."""

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from typing import Any, TypeVar

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

K = TypeVar("K")

_CREATE_S = 30.0
_GRANTED, _TAKEN = "granted", "taken away"
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
        "this user may not give or take rights",
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
    """Role {role}, {principal}: {operation} on {resource} was not {deed}: {reason}; {mend}."""

    def __init__(self, grant: Grant, deed: str, reason: str, mend: str) -> None:
        super().__init__(f"{grant} was not {deed}: {reason}; {mend}")
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
    there = _there(client, grants[0], _GRANTED)
    made = {grant: binding_of(grant) not in there for grant in grants}
    _carry_out(
        client.create_acls, {binding_of(each): each for each in reversed(grants) if made[each]}, _GRANTED
    )
    _await_force(client, [grant for grant in grants if made[grant]], _GRANTED)
    return made


def remove(settings: Settings, grants: Sequence[Grant]) -> dict[Grant, bool]:
    """Take away just what `apply` would give; for each grant whether it was there. A repeat takes nothing.

    What these principals have beyond that stays. Raises as `apply`; what was taken before that is gone.
    """
    cluster(settings)  # it answers
    client = admin(settings)
    of = {_just(binding_of(grant)): grant for grant in reversed(grants)}
    # Not looked up first: to who may not see ACLs all would seem to be gone.
    gone = _carry_out(client.delete_acls, of, _TAKEN)
    taken = {grant: bool(gone[_just(binding_of(grant))]) for grant in grants}
    _await_force(client, [grant for grant in grants if taken[grant]], _TAKEN)
    return taken


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


def _just(binding: AclBinding) -> AclBindingFilter:
    """A filter that meets this ACL and no other."""
    return AclBindingFilter(
        binding.restype,
        binding.name,
        binding.resource_pattern_type,
        binding.principal,
        binding.host,
        binding.operation,
        binding.permission_type,
    )


def _carry_out(
    ask: Callable[[list[K]], Mapping[K, Future[Any]]], wanted: Mapping[K, Grant], deed: str
) -> dict[K, Any]:
    """What came of each. Raises AclRefusedError."""
    came: dict[K, Any] = {}
    for key, future in ask(list(wanted)).items() if wanted else ():
        try:
            came[key] = future.result(_CREATE_S)
        except KafkaException as error:
            raise _refused(wanted[key], deed, error.args[0]) from error
    return came


def _await_force(client: AdminClient, changed: Sequence[Grant], deed: str) -> None:
    """Return when it is in force: brokers learn of it a moment after the controller has answered."""
    end = time.monotonic() + _CREATE_S
    while changed:
        there = _there(client, changed[0], deed)
        late = [grant for grant in changed if (binding_of(grant) in there) is (deed == _TAKEN)]
        if not late:
            return
        if time.monotonic() > end:
            raise AclRefusedError(late[0], deed, "the brokers do not know of it yet", "look again later")
        time.sleep(_LOOK_S)


def _there(client: AdminClient, about: Grant, deed: str) -> set[AclBinding]:
    """All ACLs there are. Kafka shows none to who may not see them."""
    try:
        found: Iterable[AclBinding] = client.describe_acls(_EVERYTHING, request_timeout=TIMEOUT_S).result(
            _CREATE_S
        )
    except KafkaException as error:
        raise _refused(about, deed, error.args[0]) from error
    return set(found)


def _refused(grant: Grant, deed: str, error: KafkaError) -> AclRefusedError:
    said = shown(error.str().partition("\n")[0])[:200]
    reason, mend = _REASONS.get(error.code(), (said, f"Kafka calls it {error.name()}"))
    return AclRefusedError(grant, deed, reason, mend)
