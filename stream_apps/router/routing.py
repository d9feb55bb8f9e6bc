"""Judges plans and sends each on its way."""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from gate_events.errors import UndecodableError, UnencodableError
from gate_events.records import ApprovalRequested, PlanCleared, PlanProposed
from gate_events.shown import quoted
from gate_events.stops import Stop, holding
from gate_events.tracing import of_record
from gate_policy.effects import PriorEffect, effect_keys
from gate_policy.errors import UnjudgeablePlanError
from gate_policy.requirements import ASKED_BEFORE, Requirements
from gate_policy.route import route
from gate_store.routed_plans import Known
from stream_apps.config import ROUTER, AppsConfig
from stream_apps.consume import Received
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.encoding import Encoder
from stream_apps.metrics import Reason
from stream_apps.plain_errors import plainly
from stream_apps.producing import KafkaWriter, Outgoing
from stream_apps.router.prior import PriorEffects
from stream_apps.router.seen import SeenPlans
from stream_apps.spans import Spans

_log = logging.getLogger("plangate.router")
OUTPUTS = (PlanCleared, ApprovalRequested)
_UNROUTABLE = "the plan cannot be routed: {}: {}"
_WRONG_KEY = (
    "it has {}, and not its plan id: in another partition it could overtake other records of its plan. Its"
    " proposer must send it again with the key {}; a replay keeps the key it has, so discard this letter"
)
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
        self._spans = Spans(ROUTER, config.topic_prefix, config.tracers.get(ROUTER))
        self._seen = SeenPlans()
        self._refused: list[tuple[PlanProposed, str]] = []  # to be noted at their runs
        self._noting: asyncio.Task[None] | None = None

    async def handle(self, batch: Sequence[Received]) -> None:
        """Route a batch, in order."""
        for start in range(0, len(batch), _AT_ONCE):
            plans = await self._decoded(batch[start : start + _AT_ONCE])
            prior = await self._prior.of(self._effects(plans))
            routed = [self._routed(received, plan, prior) for received, plan in plans]
            others = [
                self._seen.other_content(plan, record) if record else None
                for (_, plan), record in zip(plans, routed, strict=True)
            ]
            known, stops = await self._prior.about(
                [
                    record
                    for record, other in zip(routed, others, strict=True)
                    if record and (other or isinstance(record, PlanCleared))
                ]
            )
            for (received, plan), record, other in zip(plans, routed, others, strict=True):
                await self._writer.room()
                if record is None:
                    continue
                if why := self._objection(plan, record, known, other):
                    self._bury(received, plan, why, Reason.REFUSED)
                elif isinstance(record, ApprovalRequested):
                    self._seen.note_asked(plan, record)
                    self._send(received, plan, record)
                elif self._is_left_to_the_gatekeeper(plan, record, known):
                    self._send(received, plan, self._routed(received, plan, prior, ASKED_BEFORE))
                elif self._seen.is_told(plan, record) or record.digest in known.cleared:
                    received.ack()  # it is on its topic already: who executes it should hear it once
                elif self._is_stopped(plan, stops):
                    self._send(received, plan, self._asked(received, plan, prior))
                else:
                    self._seen.note_told(plan, record)
                    self._send(received, plan, record, partial(self._seen.was_not_told, plan, record))
            await asyncio.sleep(0)

    def _is_left_to_the_gatekeeper(self, plan: PlanProposed, cleared: PlanCleared, known: Known) -> bool:
        """Whether it is judged twice and differently, or was cleared in other words: the stricter way stands.

        A request says so to the gatekeeper alone: services, which were told of the plan, hear it once.
        """
        asked = cleared.digest in known.asked or self._seen.is_asked(plan, cleared)
        return asked or known.is_cleared_otherwise(cleared)

    def _is_stopped(self, plan: PlanProposed, stops: Sequence[Stop]) -> bool:
        """Whether a service would begin what is stopped: a run's plan its resumer holds."""
        stops = [*stops, *self._config.stop_file.stops()]
        return plan.run is None and any(holding(stops, step.action_type) for step in plan.steps)

    def _asked(
        self, received: Received, plan: PlanProposed, prior: Mapping[str, PriorEffect]
    ) -> PlanCleared | ApprovalRequested | None:
        """A service acts upon a clearance at once, and nobody calls it back: the plan waits at its gate."""
        asked = self._routed(received, plan, prior, ASKED_BEFORE)
        if isinstance(asked, ApprovalRequested):
            self._seen.note_asked(plan, asked)
        return asked

    def _objection(
        self, plan: PlanProposed, record: PlanCleared | ApprovalRequested, known: Known, other: str | None
    ) -> str | None:
        """Why what a plan led to cannot count. Of requests the gatekeeper says whose they are."""
        if record.digest in known.asked | known.cleared | known.cleared_words.keys():  # seen elsewhere first
            return None
        if isinstance(record, ApprovalRequested):
            return other
        return known.objection(record) or self._seen.stranger(plan) or other

    async def _decoded(self, batch: Sequence[Received]) -> Plans:
        plans = []
        for received in batch:
            self._spans.process(received)
            try:
                plan = await self._decoder.decode(received, PlanProposed)
                _require_key(received, plan)
            except UndecodableError as error:
                await self._writer.room()
                self._dead_letters.bury(received, str(error), Reason.UNREADABLE)
            else:
                received.describe(partial(of_record, plan))
                plans.append((received, plan))
        return plans

    def _effects(self, plans: Plans) -> set[tuple[str, int]]:
        """What to look up: effect keys and the seconds for which each counts as done."""
        found = set()
        for _, plan in plans:
            for effect in effect_keys(plan.steps, self._catalogue):
                found.add((effect.key, effect.window_s))
        return found

    def _routed(
        self,
        received: Received,
        plan: PlanProposed,
        prior: Mapping[str, PriorEffect],
        required: Requirements | None = None,
    ) -> PlanCleared | ApprovalRequested | None:
        """What becomes of a plan; None: it was buried."""
        try:
            now = self._config.clock()
            return plainly(route)(plan, self._catalogue, now=now, prior=prior, required=required)
        except UnjudgeablePlanError as error:
            self._bury(received, plan, str(error), Reason.REFUSED)
        except Exception as error:  # a plan must not stop the plans behind it, whatever it provokes
            why = _UNROUTABLE.format(type(error).__name__, error)
            self._bury(received, plan, why, Reason.UNHANDLED)
        return None

    def _send(
        self,
        received: Received,
        plan: PlanProposed,
        record: PlanCleared | ApprovalRequested | None,
        on_refusal: Callable[[], None] = lambda: None,
    ) -> None:
        if record is None:
            return

        def refused(problem: str) -> None:
            on_refusal()
            self._bury(received, plan, problem, Reason.UNSENDABLE)

        try:
            value = self._encoder.value(record)
        except UnencodableError as error:
            refused(_UNROUTABLE.format(type(error).__name__, error))
            return
        topic, key = self._encoder.topic(record), self._encoder.key(record)
        received.describe(partial(of_record, record))
        sending = self._spans.send(topic, received.traceparent, partial(of_record, record))
        headers = self._encoder.headers(record, sending.traceparent)
        delivered = sending.delivered(received.ack)
        self._writer.send(Outgoing(topic, key, value, headers, delivered, sending.refused(refused)))

    def _bury(self, received: Received, plan: PlanProposed, why: str, reason: Reason) -> None:
        """A dead letter, and a note for whoever waits at its run. Nothing depends on that note."""
        self._dead_letters.bury(received, why, reason)
        if plan.run:
            self._refused.append((plan, why))
            if self._noting is None or self._noting.done():
                self._noting = asyncio.ensure_future(self._note_refused())

    async def _note_refused(self) -> None:
        """What has come together by now, again and again: many at once take few transactions."""
        while self._refused:
            refused, self._refused = self._refused, []
            try:
                await self._prior.note_refused(refused)
            except Exception as error:  # whatever it is about these, their dead letters tell of it
                _log.warning("what was refused is not noted at its run: %s", error)


def _require_key(received: Received, plan: PlanProposed) -> None:
    """All records of a plan meet in one partition by their key: under another, one could overtake them.

    Raises UndecodableError.
    """
    key, wanted = received.message.key, str(plan.plan_id)
    if key != wanted.encode():
        said = "no Kafka key" if key is None else f"the Kafka key {quoted(key[:80].decode(errors='replace'))}"
        raise UndecodableError("PlanProposed", _WRONG_KEY.format(said, wanted))
