"""What this process's own user may do: brokers tell everybody their own rights."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from typing import Any

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient

from plangate.kafka.clients import TIMEOUT_S, admin
from plangate.kafka.roles import Kind, Right
from plangate.kafka.topics import ACLS
from plangate.settings import Settings

_REFUSALS = {KafkaError.TOPIC_AUTHORIZATION_FAILED, KafkaError.GROUP_AUTHORIZATION_FAILED}


def in_words(rights: Iterable[Right]) -> str:
    """That this user lacks these, with the mend; empty where there are none."""
    named = ", ".join(f"{right.operation} on {right.resource}" for right in rights)
    return f"Kafka does not allow this user: {named}; {ACLS}" if named else ""


def lacking(settings: Settings, rights: Sequence[Right]) -> list[Right]:
    """Those of `rights` that this user is known not to have.

    None where nobody is asked who they are: then there is nobody whom a broker could refuse anything.
    """
    if settings.kafka.get("security.protocol", "PLAINTEXT").upper() == "PLAINTEXT":
        return []
    client = admin(settings)
    may = {
        Kind.TOPIC: _told(_about_topics(client, _names(rights, Kind.TOPIC))),
        # Of a prefix: the group that is called just that.
        Kind.GROUP: _told(_about_groups(client, _names(rights, Kind.GROUP))),
        # To who may do nothing at all with the cluster, nothing is told of it.
        Kind.CLUSTER: _told(_about_cluster(client, _names(rights, Kind.CLUSTER)), silence=()),
    }
    return [right for right in rights if not _allowed(right, may[right.resource.kind])]


def may_do_everything(settings: Settings) -> bool:
    """Whether nothing is known to be refused to this user: super users alone act for the cluster itself.

    Kafka says more plainly that it has no authorizer, where somebody asks for ACLs; librdkafka does not
    pass that on.
    """
    client = admin(settings)  # whose answers end with it
    told = _told(_about_cluster(client, ["kafka-cluster"]))
    return "CLUSTER_ACTION" in (told["kafka-cluster"] or ())


def _names(rights: Iterable[Right], kind: Kind) -> list[str]:
    return list(dict.fromkeys(right.resource.name for right in rights if right.resource.kind is kind))


def _allowed(right: Right, may: Mapping[str, Collection[str] | None]) -> bool:
    operations = may[right.resource.name]
    return operations is None or right.operation.name in operations


def _about_topics(client: AdminClient, names: Sequence[str]) -> Mapping[str, Future[Any]]:
    if not names:
        return {}
    asked = client.describe_topics(
        TopicCollection(list(names)), include_authorized_operations=True, request_timeout=TIMEOUT_S
    )
    return dict(asked)


def _about_groups(client: AdminClient, names: Sequence[str]) -> Mapping[str, Future[Any]]:
    if not names:
        return {}
    asked = client.describe_consumer_groups(
        list(names), include_authorized_operations=True, request_timeout=TIMEOUT_S
    )
    return dict(asked)


def _about_cluster(client: AdminClient, names: Sequence[str]) -> Mapping[str, Future[Any]]:
    ask = client.describe_cluster
    return {name: ask(include_authorized_operations=True, request_timeout=TIMEOUT_S) for name in names}


def _told(
    asked: Mapping[str, Future[Any]], silence: Collection[str] | None = None
) -> dict[str, Collection[str] | None]:
    """The operations that are allowed, by name; None where that is not known, `silence` where nothing is."""
    return {name: _operations(future, silence) for name, future in asked.items()}


def _operations(future: Future[Any], silence: Collection[str] | None) -> Collection[str] | None:
    try:
        allowed = future.result(2 * TIMEOUT_S).authorized_operations
    except KafkaException as error:
        return () if error.args[0].code() in _REFUSALS else None
    except FutureTimeoutError:
        return None
    return silence if allowed is None else [operation.name for operation in allowed]
