"""Judges plans and sends each on its way."""

import asyncio
from collections.abc import Mapping, Sequence

from gate_events.errors import UndecodableError
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_policy.effects import PriorEffect, effect_keys
from gate_policy.errors import UnjudgeablePlanError
from gate_policy.route import route
from stream_apps.config import AppsConfig
from stream_apps.consume import Received
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.encoding import Encoder, traceparent_of
from stream_apps.plain_errors import plainly
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.router.prior import PriorEffects

OUTPUTS = (PlanCleared, ApprovalRequested)
_AT_ONCE = 32  # records between two turns of the event loop

Plans = Sequence[tuple[Received, PlanProposed]]


class Routing:
    """Handles batches of plans; each record is acked when what it led to is on Kafka."""

    def __init__(
        self,
        config: AppsConfig,
        decoder: Decoder,
        encoder: Encoder,
        prior: PriorEffects,
        writer: KafkaWriter,
        dead_letters: DeadLetters,
    ) -> None:
        self._config = config
        self._catalogue = config.catalogue
        self._decoder = decoder
        self._encoder = encoder
        self._prior = prior
        self._writer = writer
        self._dead_letters = dead_letters

    async def handle(self, batch: Sequence[Received]) -> None:
        """Route a batch, in order."""
        for start in range(0, len(batch), _AT_ONCE):
            plans = await self._decoded(batch[start : start + _AT_ONCE])
            prior = await self._prior.of(self._effects(plans))
            for received, plan in plans:
                await self._writer.room()
                self._route(received, plan, prior)
            await asyncio.sleep(0)

    async def _decoded(self, batch: Sequence[Received]) -> Plans:
        plans = []
        for received in batch:
            try:
                plans.append((received, await self._decoder.decode(received, PlanProposed)))
            except UndecodableError as error:
                await self._writer.room()
                self._dead_letters.bury(received, str(error))
        return plans

    def _effects(self, plans: Plans) -> set[tuple[str, int]]:
        """What to look up: effect keys and the seconds for which each counts as done."""
        found = set()
        for _, plan in plans:
            for effect in effect_keys(plan.steps, self._catalogue):
                found.add((effect.key, effect.window_s))
        return found

    def _route(self, received: Received, plan: PlanProposed, prior: Mapping[str, PriorEffect]) -> None:
        try:
            record = plainly(route)(plan, self._catalogue, now=self._config.clock(), prior=prior)
            value = self._encoder.value(record)
        except UnjudgeablePlanError as error:
            self._dead_letters.bury(received, str(error))
            return
        except Exception as error:  # a plan must not stop the plans behind it, whatever it provokes
            self._dead_letters.bury(received, f"the plan cannot be routed: {type(error).__name__}: {error}")
            return
        self._send(received, record, value)

    def _send(self, received: Received, record: PlanCleared | ApprovalRequested, value: bytes) -> None:
        def refused(problem: str) -> None:
            self._dead_letters.bury(received, problem)

        headers = self._encoder.headers(record, traceparent_of(received.headers))
        topic, key = self._encoder.topic(record), self._encoder.key(record)
        self._writer.send(Outgoing(topic, key, value, headers, received.ack, refused))
