"""The loop of an app: batches in, work done, whatever happens."""

import asyncio
import time
from collections.abc import Awaitable, Callable

from stream_apps.consume import Intake, Received
from stream_apps.exits import BROKEN, leave
from stream_apps.in_hand import InHand
from stream_apps.metrics import processed


async def serve(
    intake: Intake, in_hand: InHand, limit: int, handle: Callable[[list[Received]], Awaitable[None]]
) -> None:
    """Hand batches to `handle` until cancelled; whatever escapes it ends the process with nothing acked."""
    app = intake.app
    try:
        while True:
            batch = await intake.batch(limit)
            began = time.monotonic()
            await in_hand.handle(app.conf.id, batch, handle, app.consumer.assignment)
            processed(app.conf.id, (each.message.topic for each in batch), time.monotonic() - began)
    except asyncio.CancelledError:
        intake.abandon()
        raise
    except BaseException as error:
        leave(BROKEN, f"{app.conf.id} met a fault of its own", error)
