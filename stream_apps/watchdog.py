"""Ends a process that has work and does not move: Faust's consumers are known to get stuck."""

import asyncio
import faulthandler
import logging
import time
from collections.abc import Mapping
from typing import Any

from confluent_kafka import Consumer, KafkaException, TopicPartition

from stream_apps.config import AppsConfig
from stream_apps.consume import Intake
from stream_apps.exits import STUCK, leave
from stream_apps.in_hand import InHand
from stream_apps.plain_errors import in_thread
from stream_apps.producing import KafkaWriter

_log = logging.getLogger("plangate.watchdog")
_ASK_S = 10.0
_LOOK_S = 2.0  # Faust commits once a second: between two looks a healthy app's offsets have moved

Positions = Mapping[tuple[str, int], int]


async def watch(intake: Intake, in_hand: InHand, writer: KafkaWriter, config: AppsConfig) -> None:
    """Leave with code STUCK when records wait and none was finished for `config.stuck_after_s`.

    A broker or a database that is away, or takes nothing, is no reason: a new process would find it the same.
    One that keeps silent in the middle of an answer is, since a new connection may help; but what is in hand
    then is not at fault. It is where the process has computed most of the time.
    """
    before: Positions = {}
    while True:
        await asyncio.sleep(max(config.stuck_after_s / 4, _LOOK_S))
        if time.monotonic() - intake.progress.last_moved < config.stuck_after_s:
            before = {}
            continue
        if writer.waits or not await in_thread(writer.answers, _ASK_S):
            continue
        behind = await in_thread(_behind, intake, config)
        if waiting := sorted(tp for tp, offset in behind.items() if before.get(tp) == offset):
            quiet = time.monotonic() - intake.progress.last_moved
            if quiet >= config.stuck_after_s:
                why = _settle(in_hand, config.stuck_after_s / 2)
                leave(
                    STUCK,
                    f"{intake.app.conf.id} finished nothing for {quiet:.0f} s while {waiting} wait; {why}",
                )
        before = behind


def _settle(in_hand: InHand, own_work_s: float) -> str:
    """Count this end against what is in hand, or not; says why."""
    computed = in_hand.own_work.longest_s()
    if computed < own_work_s:
        in_hand.forget()
        return "what is in hand waits for something else"
    faulthandler.dump_traceback()  # where it computes
    return f"what is in hand was worked on for {computed:.0f} s"


def _behind(intake: Intake, config: AppsConfig) -> Positions:
    """The committed offsets of the group's partitions (ours, if we have any) that have records to come."""
    group = {
        **config.kafka,
        "group.id": intake.app.conf.id,
        "enable.auto.commit": False,
        "enable.partition.eof": True,
        "auto.offset.reset": "earliest",
        "queued.min.messages": 1,
        "error_cb": lambda _error: None,
    }
    consumer = Consumer(group)
    try:
        wanted = [TopicPartition(*tp) for tp in _partitions(intake, consumer)]
        found = consumer.committed(wanted, timeout=_ASK_S)
        return {(tp.topic, tp.partition): tp.offset for tp in found if _has_more(consumer, tp)}
    except KafkaException as error:
        _log.info("the watchdog cannot see the lag: %s", error)
        return {}
    finally:
        consumer.close()


def _partitions(intake: Intake, consumer: Any) -> list[tuple[str, int]]:
    assigned = intake.app.consumer.assignment()
    if assigned:
        return [(tp.topic, tp.partition) for tp in assigned]
    known = consumer.list_topics(timeout=_ASK_S).topics
    return [
        (topic, number) for topic in intake.topics if topic in known for number in known[topic].partitions
    ]


def _has_more(consumer: Any, tp: Any) -> bool:
    """Whether a record stands behind an offset: markers and aborted records are nothing to do."""
    low, high = consumer.get_watermark_offsets(tp, timeout=_ASK_S)
    start = max(tp.offset, low)
    if high <= start:
        return False
    consumer.assign([TopicPartition(tp.topic, tp.partition, start)])
    try:
        first = consumer.poll(_ASK_S)
    finally:
        consumer.unassign()
    return first is not None and first.error() is None
