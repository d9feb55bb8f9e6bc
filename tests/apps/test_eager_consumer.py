"""A hand-over that has to wait behaves as in stock Faust."""

import asyncio
from typing import Any

import pytest

from stream_apps.eager_consumer import EagerConsumer


class _Consumer(EagerConsumer):
    """Only what `wait_first` needs."""

    def __init__(self, callback: Any) -> None:
        self.callback = callback
        self._stopped: Any = asyncio.Event()
        self._crashed: Any = asyncio.Event()
        self.suspend_flow = asyncio.Event()
        self.loop = asyncio.get_running_loop()


async def test_a_hand_over_that_does_not_block_is_done_on_the_spot() -> None:
    done = []

    async def hand_over(message: str) -> None:
        done.append(message)

    consumer = _Consumer(hand_over)
    results = await consumer.wait_first(hand_over("a"), consumer.suspend_flow.wait())
    assert (done, results.stopped) == (["a"], False)


async def test_a_hand_over_that_blocks_is_waited_for() -> None:
    gate, done = asyncio.Event(), []

    async def hand_over(message: str) -> None:
        await gate.wait()
        await asyncio.sleep(0)
        done.append(message)

    consumer = _Consumer(hand_over)
    waiting = asyncio.ensure_future(consumer.wait_first(hand_over("a"), consumer.suspend_flow.wait()))
    await asyncio.sleep(0.01)
    assert done == []
    gate.set()
    assert not (await waiting).stopped
    assert done == ["a"]


async def test_a_suspension_ends_a_hand_over_that_blocks() -> None:
    ended = []

    async def hand_over() -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    consumer = _Consumer(hand_over)
    waiting = asyncio.ensure_future(consumer.wait_first(hand_over(), consumer.suspend_flow.wait()))
    await asyncio.sleep(0.01)
    consumer.suspend_flow.set()
    await waiting
    await asyncio.sleep(0)
    assert ended == ["cancelled"]


async def test_a_hand_over_that_fails_says_so() -> None:
    async def hand_over(late: bool) -> None:
        if late:
            await asyncio.sleep(0.001)
        raise KeyError("no such partition")

    consumer = _Consumer(hand_over)
    for late in (False, True):
        with pytest.raises(KeyError, match="no such partition"):
            await consumer.wait_first(hand_over(late), consumer.suspend_flow.wait())


async def test_other_waits_are_mode_s_own() -> None:
    async def hand_over() -> None: ...

    async def other() -> int:
        return 7

    consumer = _Consumer(hand_over)
    assert (await consumer.wait_first(other())).results == [7]
