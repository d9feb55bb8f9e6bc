"""What each role needs on Kafka, and no more: topics to read and write, consumer groups.

Until records are signed, a name in a record is a claim: who may write `decisions` decides, whoever they say
they are. So each role is a login of its own, and the brokers' ACLs hold it to this (docs/kafka-rights.md).

Read and Write carry Describe with them, and Write the idempotent producer, on brokers from 3.0 on. Nothing
here writes in transactions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from gate_events.groups import GATEKEEPERS, GROUPS
from gate_events.topics import (
    APPROVAL_REQUESTS,
    AUTO_EXECUTE,
    DEAD_LETTERS,
    DECISIONS,
    INCIDENTS,
    OUTCOMES,
    PLANS,
    POLICIES,
    STOPS,
    TOPICS,
    VERDICTS,
    Topic,
)

OPTIONAL = (STOPS,)  # who lacks one of these, or a right to it, says so and does its part all the same
READERS = f"{GROUPS}reader-"  # groups that read a topic once and commit nothing


class Role(StrEnum):
    """Who speaks with Kafka."""

    ADMIN = "admin"
    ROUTER = "router"
    GATEKEEPER = "gatekeeper"
    RESUMER = "resumer"
    AGENT = "agent"
    SERVICE = "service"
    REVIEWER = "reviewer"
    REPORTER = "reporter"
    REPLAYER = "replayer"
    AUDITOR = "auditor"


class Operation(StrEnum):
    """What may be done, in the words of `kafka-acls.sh`."""

    READ = "Read"
    WRITE = "Write"
    CREATE = "Create"
    ALTER = "Alter"
    DESCRIBE = "Describe"
    DESCRIBE_CONFIGS = "DescribeConfigs"
    ALTER_CONFIGS = "AlterConfigs"


class Kind(StrEnum):
    """On what."""

    TOPIC = "topic"
    GROUP = "group"
    CLUSTER = "cluster"


@dataclass(frozen=True)
class Resource:
    """Something that rights are about. `prefixed`: whatever begins with this name."""

    kind: Kind
    name: str
    prefixed: bool = False

    def __str__(self) -> str:
        return (
            str(self.kind) if self.kind is Kind.CLUSTER else f"{self.kind} {self.name}{'*' * self.prefixed}"
        )


@dataclass(frozen=True)
class Right:
    """One operation on one resource."""

    operation: Operation
    resource: Resource


@dataclass(frozen=True)
class Part:
    """What a role does with topics."""

    reads: Sequence[Topic] = ()
    writes: Sequence[Topic] = ()


PARTS = {
    Role.ADMIN: Part(reads=(DEAD_LETTERS,), writes=(DEAD_LETTERS,)),  # marks that it discards
    Role.ROUTER: Part(reads=(PLANS,), writes=(AUTO_EXECUTE, APPROVAL_REQUESTS, DEAD_LETTERS)),
    Role.GATEKEEPER: Part(
        reads=(AUTO_EXECUTE, APPROVAL_REQUESTS, DECISIONS, OUTCOMES, STOPS),
        # It publishes the whole outbox: also what agents that submit and resumers that died left there.
        # And what is stopped in the store.
        writes=(PLANS, APPROVAL_REQUESTS, DECISIONS, VERDICTS, OUTCOMES, POLICIES, STOPS, DEAD_LETTERS),
    ),
    Role.RESUMER: Part(writes=(PLANS, APPROVAL_REQUESTS, OUTCOMES, DEAD_LETTERS)),
    Role.AGENT: Part(writes=(PLANS,)),  # that proposes; one that submits runs speaks with the store alone
    Role.SERVICE: Part(reads=(AUTO_EXECUTE, VERDICTS, STOPS), writes=(OUTCOMES, DEAD_LETTERS)),
    # What there is to decide is in the store. What is stopped it reads to end it where the store is away.
    Role.REVIEWER: Part(reads=(STOPS,), writes=(DECISIONS, STOPS)),
    Role.REPORTER: Part(writes=(INCIDENTS,)),
    # What died is put back as it stands on its own topic, and marked.
    Role.REPLAYER: Part(
        reads=TOPICS,
        writes=(PLANS, AUTO_EXECUTE, APPROVAL_REQUESTS, DECISIONS, VERDICTS, OUTCOMES, DEAD_LETTERS),
    ),
    Role.AUDITOR: Part(reads=TOPICS),
}

_OWN_GROUP = (Role.ROUTER, Role.GATEKEEPER)
_READ_ONCE = (Role.ADMIN, Role.REVIEWER, Role.REPLAYER, Role.AUDITOR)


def rights_of(role: Role, topic_prefix: str = "", group: str | None = None) -> list[Right]:
    """All that `role` needs; `group` is a service's own, without the prefix."""
    return [
        Right(operation, resource)
        for operation, resources in _needs(role, topic_prefix, group).items()
        for resource in resources
    ]


def needed_rights(role: Role, topic_prefix: str = "") -> list[Right]:
    """Those of a worker's `role` without which it does not start."""
    spared = {f"{topic_prefix}{topic.name}" for topic in OPTIONAL}
    return [
        right
        for right in rights_of(role, topic_prefix)
        if right.resource.kind is not Kind.TOPIC or right.resource.name not in spared
    ]


def topics_of(role: Role) -> list[Topic]:
    """The topics that `role` must be able to see."""
    part = PARTS[role]
    return [topic for topic in TOPICS if topic in part.reads or topic in part.writes]


def _needs(role: Role, prefix: str, group: str | None) -> dict[Operation, list[Resource]]:
    part, every = PARTS[role], _topics(TOPICS, prefix)
    reads, writes = _topics(part.reads, prefix), _topics(part.writes, prefix)
    if own := f"{GROUPS}{role}" if role in _OWN_GROUP else group if role is Role.SERVICE else None:
        reads.append(Resource(Kind.GROUP, prefix + own))
    once = [Resource(Kind.GROUP, prefix + READERS, prefixed=True)] if role in _READ_ONCE else []
    if role is Role.SERVICE:  # whether the gatekeeper has read what its store does not hold yet
        once = [Resource(Kind.GROUP, prefix + GATEKEEPERS)]
    if role is Role.AUDITOR:  # how far the workers have read
        once += [Resource(Kind.GROUP, f"{prefix}{GROUPS}{each}") for each in _OWN_GROUP]
    if role is not Role.ADMIN:
        return {Operation.READ: reads, Operation.WRITE: writes, Operation.DESCRIBE: once}
    return {
        Operation.READ: reads,
        Operation.WRITE: writes,
        Operation.DESCRIBE: [*every, *once],
        Operation.CREATE: every,
        Operation.DESCRIBE_CONFIGS: every,
        Operation.ALTER_CONFIGS: every,
        Operation.ALTER: [Resource(Kind.CLUSTER, "kafka-cluster")],
    }


def _topics(topics: Sequence[Topic], prefix: str) -> list[Resource]:
    return [Resource(Kind.TOPIC, prefix + topic.name) for topic in topics]
