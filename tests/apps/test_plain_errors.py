"""A record may provoke any error: whoever waits for the work hears of it."""

import asyncio

import pytest
from sqlalchemy import create_engine

from stream_apps.gatekeeper.gatekeeping import StoreThread
from stream_apps.plain_errors import OddError
from stream_apps.progress import Progress


class Panic(BaseException):
    """As a library in Rust raises where it has met its own fault."""


@pytest.mark.parametrize("raised", [StopIteration(), Panic("index out of bounds"), RecursionError("deep")])
async def test_whatever_the_work_in_the_stores_thread_raises_is_heard(raised: BaseException) -> None:
    def work() -> None:
        raise raised

    thread = StoreThread(create_engine("sqlite://"), Progress())
    async with asyncio.timeout(10):
        with pytest.raises(RuntimeError) as heard:
            await thread.do(work)
    expected = RecursionError if isinstance(raised, RecursionError) else OddError
    assert heard.type is expected
