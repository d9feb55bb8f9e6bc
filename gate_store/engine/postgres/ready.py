"""Waking resumers: NOTIFY from gatekeepers, LISTEN in the engine."""

import asyncio
from collections.abc import Callable
from typing import Any

import psycopg

from gate_store.postgres.address import Address
from gate_store.postgres.psycopg_client import connect

CHANNEL = "plangate_ready"


class Doorbell:
    """Rings when a run may have become READY."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    async def listen(self, connection: Any) -> None:
        """Ring at every notification, and when the connection is lost: something may have been missed."""
        await connection.add_listener(CHANNEL, self._on_notify)
        connection.add_termination_listener(self._on_lost)
        self._rung.set()  # what was READY before we listened

    def _on_notify(self, *_: object) -> None:
        self._rung.set()

    def _on_lost(self, _: object) -> None:
        self._rung.set()

    def ring(self) -> None:
        """Wake whoever waits in this process."""
        self._rung.set()

    async def wait(self, timeout_s: float) -> None:
        """Sleep until it rings or `timeout_s` are over."""
        try:
            async with asyncio.timeout(timeout_s):
                await self._rung.wait()
        except TimeoutError:
            return
        self._rung.clear()


class ReadyNotifier:
    """Tells sleeping resumers, on a connection of its own, that runs became READY.

    NOTIFY inside a deciding transaction would make commits wait for each other; call this after them, once
    for many. Losing one is harmless: resumers look by themselves every now and then.
    """

    def __init__(self, url: str) -> None:
        self._address = Address.of(url)
        self._connection: psycopg.Connection[Any] | None = None

    def notify_ready(self) -> None:
        """Wake them. Raises psycopg.Error where the server cannot be reached, or is a standby."""
        try:
            self.open().execute(f"NOTIFY {CHANNEL}")
        except psycopg.OperationalError:
            self.close()  # the server restarted since: once more, on a new connection
            self.open().execute(f"NOTIFY {CHANNEL}")

    def close(self) -> None:
        """Give the connection back."""
        if self._connection:
            self._connection.close()
        self._connection = None

    def open(self) -> psycopg.Connection[Any]:
        """The connection, made where there is none. Raises psycopg.Error, UnfitStoreError."""
        if self._connection is None or self._connection.closed:
            unsynced = {"synchronous_commit": "off"}
            self._connection = connect(self._address, "plangate: notify", unsynced, autocommit=True)
        return self._connection


Notify = Callable[[], None]
