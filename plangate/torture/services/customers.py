"""Those who propose plans to services, and wait for their ends."""

from typing import Any
from uuid import UUID

from confluent_kafka import Message

from gate_events.codec import encode
from gate_events.records import PlanProposed
from gate_events.topics import DEAD_LETTERS, OUTCOMES, VERDICTS
from gate_events.words import GateState, RequestKind
from gate_store.database import utc_now
from plangate.torture.liars.liar import Share
from plangate.torture.liars.told import Told
from plangate.torture.services import plans
from producers.kafka_producer import KafkaProducer
from producers.plans import proposal

AT_ONCE = 20  # so many plans may be open
AHEAD = 0.1  # of the share of runs that is finished
_THINK_AGAIN = (RequestKind.PLAN, GateState.RESPONDED)  # no outcome will come


class Customers:
    """Propose `count` plans as the runs come to rest. `sent` are the proposals that Kafka has."""

    def __init__(self, seed: int, count: int, producer: KafkaProducer, told: Told, share: Share) -> None:
        self.sent: list[PlanProposed] = []
        self._seed = seed
        self._count = count
        self._producer = producer
        self._told = told
        self._share = share
        self._open: set[UUID] = set()
        self._ended: set[UUID] = set()  # also of what could not be said, and was there all the same
        self._values: dict[bytes, UUID] = {}
        self._next: PlanProposed | None = None

    @property
    def open(self) -> int:
        """How many plans have not come to an end."""
        return max(self._count - len(self.sent), 0) + len(self._open)

    def hear(self, topic: str, record: Any, message: Message) -> None:
        """An outcome, a word after which none will come, or a dead letter."""
        value = message.value() or b""
        if self._told.is_lie(value):
            return
        ended = (topic == OUTCOMES.name and record.status.value != "BEGUN") or (
            topic == VERDICTS.name and (record.kind, record.state) == _THINK_AGAIN
        )
        if topic == DEAD_LETTERS.name and value in self._values:
            self._end(self._values[value])
        elif ended:
            self._end(record.plan_id)

    def speak(self) -> None:
        """Propose what is due. Raises where it could not be said; it is said again."""
        due = self._count * min(1.0, self._share() + AHEAD)
        while len(self.sent) < due and len(self._open) < AT_ONCE:
            self._next = self._next or self._proposal(len(self.sent))
            self._values[encode(self._next)] = self._next.plan_id
            self._producer.send(self._next)
            self._open |= {self._next.plan_id} - self._ended
            self.sent.append(self._next)
            self._next = None

    def _end(self, plan_id: UUID) -> None:
        self._ended.add(plan_id)
        self._open.discard(plan_id)

    def _proposal(self, number: int) -> PlanProposed:
        name = plans.plan_id(self._seed, number)
        return proposal(plans.plan(self._seed, number), name, 1, utc_now)
