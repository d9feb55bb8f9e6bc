"""Those who propose plans to services wait for the end of each, and for no more."""

from types import SimpleNamespace
from typing import Any, cast

from confluent_kafka import Message

from gate_events.codec import encode
from gate_events.ids import derived
from gate_events.records import PlanExecuted, PlanProposed
from gate_events.topics import OUTCOMES
from gate_events.words import OutcomeStatus
from gate_store.database import utc_now
from plangate.torture.liars.told import Told
from plangate.torture.services.customers import Customers
from producers.kafka_producer import KafkaProducer


class Unsteady:
    """A producer that says once of what Kafka has that it could not be said."""

    def __init__(self) -> None:
        self.on_kafka: list[PlanProposed] = []

    def send(self, plan: PlanProposed) -> None:
        self.on_kafka.append(plan)
        if len(self.on_kafka) == 1:
            raise TimeoutError


def ended(plan: PlanProposed) -> PlanExecuted:
    return PlanExecuted(
        event_id=derived("outcome", plan.plan_id),
        plan_id=plan.plan_id,
        revision=1,
        digest="0" * 64,
        executed_at=utc_now(),
        executor="a service",
        results=(),
        status=OutcomeStatus.DONE,
    )


def hear(customers: Customers, record: Any) -> None:
    message = SimpleNamespace(value=lambda: encode(record))
    customers.hear(OUTCOMES.name, record, cast(Message, message))


def test_a_plan_that_ended_before_it_was_known_to_be_said_is_not_waited_for() -> None:
    kafka = Unsteady()
    customers = Customers(1, 1, cast(KafkaProducer, kafka), Told(), lambda: 1.0)
    try:
        customers.speak()
    except TimeoutError:
        hear(customers, ended(kafka.on_kafka[0]))
    customers.speak()
    assert len(kafka.on_kafka) == 2
    assert customers.open == 0


def test_a_plan_is_waited_for_until_its_outcome() -> None:
    kafka = Unsteady()
    kafka.on_kafka.append(cast(PlanProposed, None))
    customers = Customers(1, 1, cast(KafkaProducer, kafka), Told(), lambda: 1.0)
    assert customers.open == 1
    customers.speak()
    assert customers.open == 1
    hear(customers, ended(kafka.on_kafka[1]))
    assert customers.open == 0
