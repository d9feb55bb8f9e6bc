"""What resumers say, from the outbox to Kafka: at least once and in order; ids make repeats harmless."""

import asyncio
from contextlib import suppress

from gate_store.engine.port import EngineStore, Publish
from stream_apps.resumer.outage import Outage

AT_ONCE = 500
PACE_S = 0.01  # between two publications: the first one waits for nothing, the next ones are fuller


class Relay:
    """Publishes what the outbox holds, woken after each commit of this process, else every `poll_s`."""

    def __init__(self, store: EngineStore, publish: Publish, poll_s: float) -> None:
        self._store = store
        self._publish = publish
        self._poll_s = poll_s
        self._more = asyncio.Event()

    def wake(self) -> None:
        """There is something to publish."""
        self._more.set()

    async def run(self) -> None:
        """Publish until cancelled; an outage of Kafka or the store is waited out."""
        outage = Outage("publishing the outbox")
        while True:
            with suppress(TimeoutError):
                async with asyncio.timeout(self._poll_s):
                    await self._more.wait()
            self._more.clear()
            try:
                while await self.publish_once() == AT_ONCE:
                    pass
                outage.is_over()
                await asyncio.sleep(PACE_S)
            except Exception as error:
                outage.goes_on(error)
                await asyncio.sleep(self._poll_s)

    async def publish_once(self) -> int:
        """Publish the oldest rows and forget those that Kafka has; how many were delivered."""
        return await self._store.relay_outbox(AT_ONCE, self._publish)
