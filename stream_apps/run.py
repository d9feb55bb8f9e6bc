"""Runs the Faust apps of one process, without Faust's command line."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from functools import partial

from stream_apps.config import GATEKEEPER, ROUTER, AppsConfig
from stream_apps.gatekeeper.app import start_gatekeeper
from stream_apps.held_up import end_when_held_up
from stream_apps.in_hand import InHand
from stream_apps.router.app import start_router
from stream_apps.service import Service

_START: dict[str, Callable[[AppsConfig, InHand], Awaitable[Service]]] = {
    ROUTER: start_router,
    GATEKEEPER: start_gatekeeper,
}


async def run_apps(config: AppsConfig, stop: asyncio.Event) -> None:
    """Run the apps of `config.only` until `stop` is set; what was read is then finished and committed.

    Raises KafkaOptionError. An app that stops by itself ends the process.
    """
    logging.disable(logging.DEBUG)  # asking whether to log costs Faust a tenth of its time
    in_hand = InHand(config.spool / f"in-hand-{config.instance}" if config.instance else None)
    services = {name: await _START[name](config, in_hand) for name in sorted(config.only)}
    held_up = asyncio.ensure_future(end_when_held_up(config.stuck_after_s))
    try:
        async with asyncio.TaskGroup() as group:
            for name, service in services.items():
                serves = partial(config.serves, name, service.trouble)
                group.create_task(service.run(config, in_hand, stop, serves))
    except BaseExceptionGroup as several:  # the first one ended the others
        raise several.exceptions[0] from None
    finally:
        held_up.cancel()
