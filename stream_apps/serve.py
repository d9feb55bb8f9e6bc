"""The loop of an app: batches in, work done, whatever happens."""

import asyncio
from collections.abc import Awaitable, Callable

from stream_apps.consume import Intake, Received
from stream_apps.exits import BROKEN, leave
from stream_apps.in_hand import InHand


async def serve(
    intake: Intake, in_hand: InHand, limit: int, handle: Callable[[list[Received]], Awaitable[None]]
) -> None:
    """Hand batches to `handle` until cancelled; whatever escapes it ends the process with nothing acked."""
    app = intake.app
    try:
        while True:
            await in_hand.handle(app.conf.id, await intake.batch(limit), handle, app.consumer.assignment)
    except asyncio.CancelledError:
        intake.abandon()
        raise
    except BaseException as error:
        leave(BROKEN, f"{app.conf.id} met a fault of its own", error)
