"""The router as a Faust app."""

from functools import partial

from gate_events.topics import PLANS
from gate_store.database import open_store
from stream_apps.config import ROUTER, AppsConfig
from stream_apps.consume import Intake
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.encoding import Encoder
from stream_apps.faust_app import build_app
from stream_apps.in_hand import InHand
from stream_apps.producing import KafkaWriter
from stream_apps.router.prior import PriorEffects
from stream_apps.router.routing import OUTPUTS, Routing
from stream_apps.service import Service

_SOURCE = "plangate/router"
_BATCH = 256
_LINGER_MS = 2.0  # nobody waits for a plan's routing; batches save the broker work


async def start_router(config: AppsConfig, in_hand: InHand) -> Service:
    """Build the router, ready to be run."""
    app = build_app(ROUTER, config)
    intake = Intake(app, config.topic_prefix, [PLANS.name], config.largest_record_bytes)
    writer = KafkaWriter(config.kafka, linger_ms=_LINGER_MS, before_end=in_hand.forget)
    encoder = Encoder(_SOURCE, config)
    await encoder.prepare(OUTPUTS, intake.progress)
    store = open_store(config.store_url)
    routing = Routing(
        config,
        Decoder(config, intake.progress),
        encoder,
        PriorEffects(store, config.clock, intake.progress),
        writer,
        DeadLetters(ROUTER, config, writer),
    )
    lacks = partial(config.lacks, ROUTER)
    return Service(intake, writer, routing.handle, _BATCH, close=store.dispose, lacks=lacks)
