"""Has topics read that were made, or deleted and made anew, while an app runs."""

import asyncio
import logging
from collections import Counter
from functools import partial
from typing import Any

from confluent_kafka import TopicCollection
from confluent_kafka.admin import AdminClient

from gate_events.topic_ids import TopicIds
from stream_apps.config import AppsConfig
from stream_apps.consume import Intake
from stream_apps.producer_options import producer_options

_log = logging.getLogger("plangate")

_ASK_S = 5.0
_LOOK_S = 1.0
_LOOKS = 5  # while a group meets, its members have nothing


async def follow_topics(intake: Intake, config: AppsConfig) -> None:
    """For ever; does not wait for a broker that is away.

    A group goes by what it assigned when it last met. So each member asks for a new meeting where a topic was
    made anew, and once where one is there of which it has nothing: a static member that comes back gets its
    old partitions without a meeting, and none of what was missing before. There may also be no partition left
    for it; then nothing changes, and it does not ask again.
    """
    options = {**producer_options(config.kafka), "error_cb": lambda _error: None}
    admin = AdminClient(options, logger=logging.getLogger("rdkafka"))
    wanted = TopicCollection(list(intake.topics))
    ids = TopicIds(partial(admin.describe_topics, wanted, request_timeout=_ASK_S), config.topics_looked_at_s)
    consumer: Any = intake.app.consumer  # an EagerConsumer
    without: Counter[str] = Counter()  # looks at which we had nothing of a topic that is there
    while True:
        for topic in sorted(anew := ids.look()):
            _log.warning(
                "topic %s was made anew: it is read from its beginning", topic, extra={"topic": topic}
            )
        lacks = ids.there - {tp.topic for tp in consumer.assignment()}
        without = Counter({topic: without[topic] + 1 for topic in lacks})
        if anew or _LOOKS in without.values():
            await consumer.join_again(anew)
        await asyncio.sleep(_LOOK_S)
