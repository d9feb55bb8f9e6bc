"""How far the gatekeeper has read, as a service sees it."""

from collections.abc import Collection
from concurrent.futures import Future

import pytest
from confluent_kafka import ConsumerGroupTopicPartitions, KafkaError, KafkaException, TopicPartition

from producers.gatekeeper_offsets import Asked, GatekeeperOffsets
from producers.offsets import Partition

NONE_YET = -1001  # librdkafka's word for it


class Broker(GatekeeperOffsets):
    """Answers when the test says so, and keeps what it was asked."""

    def __init__(self) -> None:
        self.time = 0.0
        self.calls: list[set[Partition]] = []
        self._open: list[Future[ConsumerGroupTopicPartitions]] = []
        super().__init__(self.asked, lambda: self.time)

    def asked(self, partitions: Collection[Partition]) -> Asked:
        self.calls.append(set(partitions))
        self._open.append(Future())
        return {"group": self._open[-1]}

    def answer(self, *offsets: int) -> None:
        places = [TopicPartition("auto-execute", number, offset) for number, offset in enumerate(offsets)]
        self._open[-1].set_result(ConsumerGroupTopicPartitions("group", places))
        self.time += 1.0

    def fail(self, code: int) -> None:
        self._open[-1].set_exception(KafkaException(KafkaError(code)))
        self.time += 1.0

    def passed(self, *places: tuple[int, int]) -> list[bool | None]:
        """Of partition and offset."""
        return [self.has_passed(("auto-execute", *place)) for place in places]


@pytest.fixture
def broker() -> Broker:
    return Broker()


def test_what_stands_before_the_commit_was_passed_and_what_stands_there_was_not(broker: Broker) -> None:
    assert broker.passed((0, 4)) == [False]
    broker.answer(5)
    assert broker.passed((0, 4), (0, 5)) == [True, False]


def test_many_that_wait_are_asked_about_in_one_call_and_not_at_every_look(broker: Broker) -> None:
    broker.passed(*((number, offset) for number in range(3) for offset in range(100)))
    assert len(broker.calls) == 1
    broker.answer(0)
    broker.passed(*((number, offset) for number in range(3) for offset in range(100)))
    assert len(broker.calls) == 1
    broker.time += 2.0
    broker.passed(*((number, offset) for number in range(3) for offset in range(100)))
    assert broker.calls[1:] == [{("auto-execute", number) for number in range(3)}]


@pytest.mark.parametrize("committed", [NONE_YET, 0])
def test_before_the_first_commit_nothing_was_passed(broker: Broker, committed: int) -> None:
    broker.passed((0, 0))
    broker.answer(committed)
    assert broker.passed((0, 0)) == [False]


@pytest.mark.parametrize(
    "code", [KafkaError.REQUEST_TIMED_OUT, KafkaError._TIMED_OUT, KafkaError.GROUP_ID_NOT_FOUND]
)
def test_a_silent_broker_and_a_group_that_is_not_there_tell_nothing_and_are_asked_again(
    broker: Broker, code: int
) -> None:
    broker.passed((0, 0))
    broker.fail(code)
    assert broker.passed((0, 0)) == [False]
    broker.time += 2.0
    broker.passed((0, 0))
    broker.answer(1)
    assert broker.passed((0, 0)) == [True]


def test_who_may_not_see_it_says_so_once_with_the_mend_and_sees_it_once_that_is_allowed(
    broker: Broker, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(3):
        broker.passed((0, 0))
        broker.fail(KafkaError.GROUP_AUTHORIZATION_FAILED)
        assert broker.passed((0, 0)) == [None]
        broker.time += 60.0
    (said,) = caplog.messages
    assert "allow Describe on its group: `plangate topics acls`" in said
    broker.passed((0, 0))
    broker.answer(1)
    assert broker.passed((0, 0)) == [True]


def test_what_was_committed_on_a_topic_of_before_tells_nothing_of_the_new_one(broker: Broker) -> None:
    broker.passed((0, 3))
    broker.answer(50)
    assert broker.passed((0, 3)) == [True]
    broker.made_anew({"auto-execute"})
    assert broker.passed((0, 3)) == [False]
    broker.answer(50)  # by a gatekeeper that has not noticed
    assert broker.passed((0, 3)) == [False]
    broker.time += 60.0
    assert broker.passed((0, 3)) == [False]
    broker.answer(2)
    assert broker.passed((0, 3), (0, 1)) == [False, True]
