"""Topics of one test on a broker that holds everybody to ACLs, and what its users can do there."""

import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from confluent_kafka import (
    Consumer,
    ConsumerGroupTopicPartitions,
    KafkaError,
    KafkaException,
    Producer,
    TopicPartition,
)

from gate_events.topics import TOPICS
from plangate.dev.topics import quiet_admin
from plangate.kafka.acls import Grant, apply
from plangate.kafka.roles import Role, rights_of
from plangate.settings import Settings
from tests.apps.world import until
from tests.cli.commands import Shell
from tests.secured_kafka import PLAIN, SecuredKafka

GROUP = "mailer"  # of the service
_WAIT_S = 60.0
_NOT_YET = {
    KafkaError.NOT_COORDINATOR,
    KafkaError.COORDINATOR_NOT_AVAILABLE,
    KafkaError.COORDINATOR_LOAD_IN_PROGRESS,
}


@dataclass(frozen=True)
class Secured:
    """A broker and the prefix of one's own topics there."""

    kafka: SecuredKafka
    prefix: str

    def settings(self, user: str) -> Settings:
        return Settings(kafka=self.kafka.options_of(user), topic_prefix=self.prefix)

    def create_topics(self) -> None:
        self.kafka.create_topics(*(self.prefix + topic.name for topic in TOPICS), partitions=1)

    def grants(self, *roles: Role) -> list[Grant]:
        """What the users named after these roles need."""
        return [
            Grant(role, f"User:{role}", right)
            for role in roles
            for right in rights_of(role, self.prefix, GROUP if role is Role.SERVICE else None)
        ]

    def grant(self, *roles: Role) -> None:
        apply(self.settings("admin"), self.grants(*roles))

    def writes(self, user: str, topics: Iterable[str]) -> dict[str, str]:
        """What became of a record to each topic: `taken`, or Kafka's name for the refusal."""
        # Who may write nothing cannot even begin to write idempotently, and would hear of that alone.
        producer = Producer({**self.kafka.options_of(user), "acks": "all", "error_cb": lambda _error: None})
        became: dict[str, str] = {}

        def note(topic: str) -> Callable[[KafkaError | None, Any], None]:
            return lambda error, _message: became.update({topic: error.name() if error else "taken"})

        for topic in topics:
            producer.produce(self.prefix + topic, b"x", b"k", on_delivery=note(topic))
        assert producer.flush(_WAIT_S) == 0
        return became

    def reads(self, user: str, topic: str) -> str:
        """`read` where the end of the topic came, else Kafka's name for the refusal."""
        consumer = Consumer(
            {
                **self.kafka.options_of(user),
                "group.id": f"{self.prefix}plangate-reader-test",
                "enable.auto.commit": False,
                "enable.partition.eof": True,
                "error_cb": lambda _error: None,
            }
        )
        name = self.prefix + topic
        if (
            unseen := consumer.list_topics(name, timeout=_WAIT_S).topics[name].error
        ):  # a fetch waits in silence
            consumer.close()
            return str(unseen.name())
        consumer.assign([TopicPartition(name, 0, 0)])
        end = time.monotonic() + _WAIT_S
        try:
            while time.monotonic() < end:
                message = consumer.poll(1.0)
                error = message.error() if message else None
                if error and error.code() == KafkaError._PARTITION_EOF:
                    return "read"
                if error and error.code() == KafkaError.TOPIC_AUTHORIZATION_FAILED:
                    return str(error.name())
        finally:
            consumer.close()
        raise AssertionError(f"{user} heard nothing of {topic}")

    def commits(self, user: str, group: str, topic: str) -> str:
        """`1`, the offset that was committed, or Kafka's name for the refusal."""
        admin, place = quiet_admin(self.kafka.options_of(user)), TopicPartition(self.prefix + topic, 0, 1)
        at = ConsumerGroupTopicPartitions(self.prefix + group, [place])
        return str(until(lambda: _offset(admin.alter_consumer_group_offsets([at]))))

    def committed(self, user: str, group: str, topic: str) -> str:
        """The offset that a group has committed, or Kafka's name for the refusal."""
        admin, place = quiet_admin(self.kafka.options_of(user)), TopicPartition(self.prefix + topic, 0)
        at = ConsumerGroupTopicPartitions(self.prefix + group, [place])
        return str(until(lambda: _offset(admin.list_consumer_group_offsets([at]))))


def _offset(asked: Mapping[str, "Future[ConsumerGroupTopicPartitions]"]) -> str | None:
    """None while the broker makes the topic of the groups' offsets."""
    try:
        (answer,) = (future.result(_WAIT_S) for future in asked.values())
    except KafkaException as error:
        return None if error.args[0].code() in _NOT_YET else str(error.args[0].name())
    (place,) = answer.topic_partitions or []
    return str(place.error.name() if place.error else place.offset)


def speaking(folder: Path, secured: Secured, user: str, protocol: str = PLAIN, **environment: str) -> Shell:
    """Commands that speak as `user`."""
    prefix = {"PLANGATE_TOPIC_PREFIX": secured.prefix}
    return Shell(folder, {**variables(secured.kafka.options_of(user, protocol)), **prefix, **environment})


def variables(options: Mapping[str, str]) -> dict[str, str]:
    """Kafka's options as the environment gives them."""
    return {f"PLANGATE_KAFKA_{name.upper().replace('.', '_')}": value for name, value in options.items()}
