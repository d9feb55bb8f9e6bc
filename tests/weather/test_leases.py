"""After an outage every lease may have run out, though no worker died."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest

from gate_store.stop_file import StopFile
from stream_apps.resumer.worker import Worker

LEASE_S = 0.4


class Store:
    """Fails while `away`; counts how often it was asked to take runs from dead workers."""

    def __init__(self) -> None:
        self.away = False
        self.reaped = 0
        self.refused_at = self.reaped_at = 0.0  # by the loop's clock

    async def renew(self, *_: object) -> set[str]:
        self._answers()
        return set()

    async def claim(self, *_: object, **__: object) -> list[Any]:
        self._answers()
        return []

    async def wait_ready(self, timeout_s: float) -> None:
        await asyncio.sleep(timeout_s)

    async def reap(self, _limit: int) -> int:
        self._answers()
        self.reaped += 1
        self.reaped_at = asyncio.get_running_loop().time()
        return 0

    async def any_alone(self) -> bool:
        return False

    def _answers(self) -> None:
        if self.away:
            self.refused_at = asyncio.get_running_loop().time()
            raise ConnectionRefusedError("away")


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def worker(store: Store) -> Worker:
    config = SimpleNamespace(
        worker="w", lease_s=LEASE_S, in_flight=4, chunk=1, poll_s=0.02, stop_file=StopFile(None)
    )
    tools: Any = SimpleNamespace(config=config)
    return Worker(store, tools, None)  # type: ignore[arg-type] # what is asked of it here


async def reaped(store: Store, worker: Worker) -> None:
    """Until it reaps, which may not be before a lease is over: meanwhile the living renew."""
    while not store.reaped:
        await worker.reap()
        await asyncio.sleep(LEASE_S / 20)
    assert store.reaped_at - store.refused_at >= LEASE_S


async def test_a_worker_whose_claims_failed_takes_nobodys_runs_for_a_whole_lease(
    store: Store, worker: Worker
) -> None:
    store.away, stop = True, asyncio.Event()
    claiming = asyncio.create_task(worker.claim_until(stop))
    await asyncio.sleep(2 * LEASE_S)  # the outage outlasts all leases
    store.away = False
    await reaped(store, worker)
    stop.set()
    await claiming


async def test_a_worker_whose_reaping_failed_does_not_try_before_a_lease_is_over(
    store: Store, worker: Worker
) -> None:
    store.away = True
    with pytest.raises(ConnectionRefusedError):
        await worker.reap()
    store.away = False
    await reaped(store, worker)
