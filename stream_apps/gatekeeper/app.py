"""The gatekeeper as a Faust app."""

from functools import partial

from gate_store.database import open_store
from stream_apps.config import GATEKEEPER, AppsConfig
from stream_apps.consume import Intake
from stream_apps.dead_letters import DeadLetters
from stream_apps.decoding import Decoder
from stream_apps.faust_app import build_app
from stream_apps.gatekeeper.gatekeeping import INPUTS, Bells, Gatekeeping, StoreThread
from stream_apps.gatekeeper.outbox import OutboxLoop
from stream_apps.gatekeeper.ticker import Ticker
from stream_apps.gatekeeper.wake import waker
from stream_apps.in_hand import InHand
from stream_apps.producing import KafkaWriter
from stream_apps.relay import Relay
from stream_apps.service import Service

_SOURCE = "plangate/gatekeeper"
_BATCH = 500  # records in one transaction
_LINGER_MS = 2.0  # runs are resumed from the store, not from verdicts; fuller requests save the broker work


async def start_gatekeeper(config: AppsConfig, in_hand: InHand) -> Service:
    """Build the gatekeeper, ready to be run."""
    app = build_app(GATEKEEPER, config)
    intake = Intake(app, config.topic_prefix, INPUTS, config.largest_record_bytes)
    progress = intake.progress
    writer = KafkaWriter(config.kafka, linger_ms=_LINGER_MS, before_end=in_hand.forget)
    dead_letters = DeadLetters(GATEKEEPER, config, writer)
    store = open_store(config.store_url, by_key=True)
    thread = StoreThread(store, progress, in_hand.own_work)
    outbox = OutboxLoop(
        store, Relay(_SOURCE, config, writer, progress), config.clock, progress, config.stop_file
    )
    wake, close_wake = waker(config.store_url)
    gatekeeping = Gatekeeping(
        config, thread, Decoder(config, progress), dead_letters, Bells(wake, outbox.ring)
    )

    def close() -> None:
        close_wake()
        store.dispose()

    ticker = Ticker(config, thread, dead_letters)
    beside, lacks = [outbox.run, ticker.run], partial(config.lacks, GATEKEEPER)
    if config.shares_stops:
        beside.append(partial(config.shares_stops, store))
    return Service(
        intake,
        writer,
        gatekeeping.handle,
        _BATCH,
        beside=beside,
        close=close,
        lacks=lacks,
        trouble=ticker.trouble,
    )
