"""What the workers read: every codec of Kafka, committed records alone; and how a crashed app ends."""

from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import Consumer, Producer, TopicPartition

from gate_events.codec import encode
from gate_events.records import PlanCleared, PlanProposed
from gate_policy.catalogue import load_catalogue
from stream_apps.config import ROUTER, AppsConfig
from stream_apps.exits import BROKEN
from stream_apps.watchdog import _behind
from tests.apps.world import CATALOGUE, World, plan, until

CODECS = ("gzip", "snappy", "lz4", "zstd", "none")


def _producer(world: World, **options: Any) -> Producer:
    given = {"bootstrap.servers": world.kafka.bootstrap_servers, "partitioner": "murmur2_random"}
    return Producer({**given, **options})


def test_plans_are_read_in_every_codec_of_kafka_and_answered_in_one(world: World) -> None:
    world.start(
        "router", kafka={"bootstrap.servers": world.kafka.bootstrap_servers, "compression.type": "lz4"}
    )
    plans = {codec: plan(*["look"] * 20) for codec in CODECS}  # long enough to be worth compressing
    for codec, each in plans.items():
        producer = _producer(world, **{"compression.type": codec})
        producer.produce(f"{world.prefix}plans", encode(each), str(each.plan_id))
        assert producer.flush(30) == 0
    assert {each.plan_id for each in world.read(PlanCleared, 5)} == {each.plan_id for each in plans.values()}


def test_a_crashed_app_ends_its_process_whatever_stands_beside_it(world: World) -> None:
    worker = world.start("router", "gatekeeper", crash=True)
    world.send(plan("look"))
    assert worker.process.wait(60) == BROKEN
    assert "plangate-router stopped by itself" in worker.log.read_text()


def _transaction(world: World, number: int, *plans: PlanProposed, abort: bool = False) -> None:
    producer = _producer(world, **{"transactional.id": f"{world.prefix}{number}"})
    producer.init_transactions(60)
    producer.begin_transaction()
    for each in plans:
        producer.produce(f"{world.prefix}plans", encode(each), str(each.plan_id), partition=0)
    assert producer.flush(30) == 0
    (producer.abort_transaction if abort else producer.commit_transaction)(60)


def test_what_its_sender_took_back_does_not_happen_and_holds_up_nothing(world: World) -> None:
    first, taken_back, kept, last = plan("look"), [plan("look") for _ in range(3)], plan("look"), plan("look")
    world.producer.produce(f"{world.prefix}plans", encode(first), str(first.plan_id), partition=0)
    world.producer.flush(30)
    _transaction(world, 1, *taken_back, abort=True)
    world.start("router")
    _transaction(world, 2, kept)
    world.producer.produce(f"{world.prefix}plans", encode(last), str(last.plan_id), partition=0)
    world.producer.flush(30)
    cleared = [each.plan_id for each in world.read(PlanCleared, 3)]
    assert sorted(cleared) == sorted(each.plan_id for each in (first, kept, last))
    assert until(lambda: world.lag("router", "plans") <= 1)  # a marker may be the end


@pytest.fixture
def group(world: World) -> Any:
    """The watchdog's view of the router's group, which has no partition assigned."""
    consumer: Any = SimpleNamespace(assignment=set)
    conf = SimpleNamespace(id=f"{world.prefix}plangate-router")
    return SimpleNamespace(
        app=SimpleNamespace(consumer=consumer, conf=conf), topics={f"{world.prefix}plans": "plans"}
    )


def test_a_transactions_marker_is_no_record_that_waits(world: World, group: Any) -> None:
    """The watchdog would end the worker for it, again and again."""
    kafka = {"bootstrap.servers": world.kafka.bootstrap_servers}
    config = AppsConfig(kafka, world.store_url, load_catalogue(CATALOGUE), only=frozenset({ROUTER}))
    topic = f"{world.prefix}plans"
    _transaction(world, 1, plan("look"))
    until(lambda: _behind(group, config) == {(topic, 0): -1001})  # its plan waits
    committing = Consumer({**kafka, "group.id": group.app.conf.id})
    committing.commit(offsets=[TopicPartition(topic, 0, 1)], asynchronous=False)
    assert _behind(group, config) == {}  # the marker does not
    _transaction(world, 2, plan("look"), abort=True)
    assert _behind(group, config) == {}
    world.producer.produce(topic, encode(plan("look")), partition=0)
    world.producer.flush(30)
    until(lambda: _behind(group, config) == {(topic, 0): 1})
    committing.close()
