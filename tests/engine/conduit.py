"""A TCP relay to PostgreSQL that can cut its client off at the commit."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy import make_url

CHUNK = 65536


class Conduit:
    """Relays bytes. With `cut_at_commit`, the client never hears what its COMMIT came to.

    With `hold_at_commit` the server never hears of it, as if the client was stopped just before.
    """

    def __init__(self, url: str) -> None:
        self._target = make_url(url)
        self.cut_at_commit = False
        self.hold_at_commit = False
        self.cuts = 0

    @asynccontextmanager
    async def running(self) -> AsyncIterator[str]:
        """Relay; yields the URL that leads through."""
        server = await asyncio.start_server(self._relay, "127.0.0.1", 0)
        port = server.sockets[0].getsockname()[1]
        async with server:
            yield self._target.set(port=port).render_as_string(hide_password=False)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        upstream, server = await asyncio.open_connection(self._target.host, self._target.port)
        answers = asyncio.create_task(self._pump(upstream, writer))
        while chunk := await reader.read(CHUNK):
            if self.cut_at_commit and b"COMMIT;" in chunk:
                self.cut_at_commit = False
                self.cuts += 1
                answers.cancel()
                server.write(chunk)
                await server.drain()
                break
            if self.hold_at_commit and b"COMMIT;" in chunk:
                await answers
                break
            server.write(chunk)
        writer.close()
        server.close()

    async def _pump(self, upstream: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while chunk := await upstream.read(CHUNK):
            writer.write(chunk)
        writer.close()
