"""Publishes what the outbox holds, at least once; the records' ids make repeats harmless."""

import asyncio
import logging
import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from gate_events.codec import framed
from gate_events.contracts import SINGLE_OBJECT, contract_of, named_contract
from gate_events.headers import cloud_event_of
from gate_events.topics import TOPICS, Topic
from gate_events.trace_context import well_formed
from gate_events.tracing import PLAN_ID, Attributes
from gate_store.engine.port import OutboxRow
from stream_apps.config import GATEKEEPER, AppsConfig
from stream_apps.dead_letters import DeadLetters, Origin
from stream_apps.metrics import Reason
from stream_apps.patience import through_outages
from stream_apps.plain_errors import in_thread
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.progress import Progress
from stream_apps.spans import Spans

_log = logging.getLogger("plangate.relay")
_ID = re.compile("[0-9a-f-]{36}")
_TOPIC_OF_NAME: dict[str, Topic] = {topic.record.__name__: topic for topic in TOPICS}


class Relay:
    """Takes outbox rows to Kafka. `source` is the CloudEvents source, `role` whose spans they are."""

    def __init__(
        self,
        source: str,
        config: AppsConfig,
        writer: KafkaWriter,
        progress: Progress | None = None,
        role: str = GATEKEEPER,
    ) -> None:
        self._progress = progress or Progress()
        self._source = source
        self._prefix = config.topic_prefix
        self._schema_id_of = config.schema_id_of
        self._ids: dict[type[Any], int] = {}
        self._writer = writer
        self._dead_letters = DeadLetters("relay", config, writer)
        self._spans = Spans(role, config.topic_prefix, config.tracers.get(role))

    async def publish(self, rows: Sequence[tuple[int, OutboxRow]]) -> list[int]:
        """Publish rows in order; returns their ids when all are durable, through outages of any length.

        A record that its topic refuses for ever becomes a dead letter and counts as published.
        """
        if not rows:
            return []
        await self._learn_ids({row.record for _, row in rows})
        waiting = len(rows)
        all_safe = asyncio.get_running_loop().create_future()

        def safe() -> None:
            nonlocal waiting
            waiting -= 1
            if waiting == 0 and not all_safe.done():
                all_safe.set_result(None)

        for _, row in rows:
            await self._writer.room()
            self._writer.send(self._outgoing(row, safe))
        await all_safe
        return [number for number, _ in rows]

    async def _learn_ids(self, names: set[str]) -> None:
        for name in names:
            record = _TOPIC_OF_NAME[name].record
            if self._schema_id_of is not None and record not in self._ids:
                ask = partial(in_thread, self._schema_id_of, record)
                self._ids[record] = await through_outages("the schema registry", ask, self._progress)

    def _value(self, row: OutboxRow, record: type[Any]) -> bytes:
        """A body that another version wrote names its own contract, which every reader knows."""
        written = named_contract(row.contract, record)
        if written == contract_of(record).fingerprint:
            return framed(row.body, record, self._ids.get(record))
        return SINGLE_OBJECT + written + row.body

    def _outgoing(self, row: OutboxRow, safe: Callable[[], None]) -> Outgoing:
        topic = _TOPIC_OF_NAME[row.record]
        value = self._value(row, topic.record)
        name = f"{self._prefix}{topic.name}"
        subject = row.key.replace("\x1f", "/")
        sending = self._spans.send(name, well_formed(row.traceparent), partial(_about, row))
        headers = cloud_event_of(row.record, str(row.event_id), subject, self._source, sending.traceparent)
        key = row.key.encode()

        def refused(problem: str) -> None:
            _log.error("the %s %s is too much for its topic: %s", row.record, row.event_id, problem)
            origin = Origin(topic.name, event_id=row.event_id)
            self._dead_letters.send(key, value, headers, origin, problem, Reason.UNSENDABLE, safe)

        return Outgoing(name, key, value, headers, sending.delivered(safe), sending.refused(refused))


def _about(row: OutboxRow) -> Attributes:
    """Every record of a plan has its id as key; what else an agent's login wrote there is no id."""
    return {PLAN_ID: row.key} if _ID.fullmatch(row.key) else {}
