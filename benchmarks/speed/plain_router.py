"""What the router is held against: `python -m benchmarks.speed.plain_router bare|faust …`.

Both print records a second, from the first record in hand to the last one done.
"""

import asyncio
import logging
import sys
import time
from itertools import count as counter

import uvloop
from confluent_kafka import Consumer, Producer, TopicPartition

from gate_events.codec import decode
from gate_events.records import PlanProposed
from plangate.settings import load_settings

_BATCH = 500


def bare(topic: str, target: str, count: int) -> float:
    """A confluent-kafka loop that decodes each plan and produces its bytes."""
    options = load_settings().kafka_options
    consumer = Consumer({**options, "group.id": "bare", "enable.auto.commit": False})
    partitions = consumer.list_topics(topic, timeout=10).topics[topic].partitions
    consumer.assign([TopicPartition(topic, number, 0) for number in partitions])
    producer = Producer({**options, "enable.idempotence": True, "linger.ms": 2})
    started, done = 0.0, 0
    while done < count:
        messages = consumer.consume(_BATCH, 1.0)
        started = started or time.perf_counter()
        for message in messages:
            decode(message.value(), PlanProposed)
            producer.produce(target, message.value(), message.key())
        producer.poll(0)
        done += len(messages)
    producer.flush()
    took = time.perf_counter() - started
    consumer.close()
    return count / took


async def empty_faust(topic: str, count: int) -> float:
    """A Faust agent that decodes each plan and acks it."""
    import faust  # noqa: PLC0415 - after uvloop is in place

    logging.disable(logging.DEBUG)
    app = faust.App(
        "empty-faust",
        broker=f"kafka://{load_settings().bootstrap_servers}",
        store="memory://",
        topic_allow_declare=False,
        topic_disable_leader=True,
        consumer_auto_offset_reset="earliest",
        stream_buffer_maxsize=50_000,
        web_enabled=False,
    )
    done = asyncio.Event()
    times: list[float] = []

    async def empty(stream: object) -> None:
        numbers = counter(1)
        async for event in stream.noack().events():  # type: ignore[attr-defined] # Faust has no types
            number = next(numbers)
            if number == 1:
                times.append(time.perf_counter())
            decode(event.value, PlanProposed)
            event.ack()
            if number == count:
                times.append(time.perf_counter())
                done.set()

    app.agent(app.topic(topic, key_type=bytes, value_type=bytes, value_serializer="raw"))(empty)
    await app.start()
    await done.wait()
    await app.stop()
    return count / (times[1] - times[0])


def main() -> None:
    """Print the rate."""
    kind, topic, target, count = sys.argv[1:]
    if kind == "bare":
        print(bare(topic, target, int(count)))
        return
    uvloop.install()
    print(asyncio.run(empty_faust(topic, int(count))))


if __name__ == "__main__":
    main()
