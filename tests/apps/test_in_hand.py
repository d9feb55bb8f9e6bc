"""A record that takes the process down is known by what was in hand, tried alone, and then buried unread."""

import asyncio
import signal
from collections import deque
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from gate_events.records import ApprovalRequested, PlanCleared
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from stream_apps.consume import Received
from stream_apps.in_hand import InHand
from stream_apps.plain_errors import OddError, in_thread
from stream_apps.progress import Progress
from tests.apps.world import CATALOGUE, World, headers_of, plan, until


def _received(*offsets: int, topic: str = "plans", partition: int = 0) -> list[Received]:
    line: deque[Received] = deque()
    for offset in offsets:
        message = SimpleNamespace(
            topic=topic, partition=partition, offset=offset, key=None, value=b"", headers=None
        )
        event = SimpleNamespace(message=message, ack=lambda: None)
        line.append(Received(event, topic, line, Progress()))
    return list(line)


class Life:
    """One life of a process, which record `fatal` of `plans` ends."""

    def __init__(self, file: Path, fatal: int | None = None) -> None:
        self.in_hand = InHand(file)
        self.fatal = fatal
        self.handled: list[list[int]] = []
        self.condemned: list[int] = []

    async def serve(self, *offsets: int, topic: str = "plans", ours: Sequence[Any] = ()) -> bool:
        """Whether it lived on."""
        try:
            await self.in_hand.handle(topic, _received(*offsets, topic=topic), self._handle, lambda: ours)
        except ZeroDivisionError:
            return False
        return True

    async def _handle(self, batch: list[Received]) -> None:
        self.handled.append([received.message.offset for received in batch])
        for received in batch:
            if received.condemned:
                self.condemned.append(received.message.offset)
            elif received.message.offset == self.fatal:
                raise ZeroDivisionError  # stands for the end
            received.ack()


async def test_what_was_in_hand_at_two_deaths_is_tried_alone_and_then_buried(tmp_path: Path) -> None:
    file = tmp_path / "spool" / "in-hand"
    assert not await Life(file, fatal=3).serve(1, 2, 3, 4)
    second = Life(file, fatal=3)
    assert not await second.serve(1, 2, 3, 4)
    assert second.handled == [[1, 2, 3, 4]]  # once may be chance
    third = Life(file, fatal=3)
    assert not await third.serve(1, 2, 3, 4)
    assert third.handled == [[1], [2], [3]]
    fourth = Life(file, fatal=3)
    assert await fourth.serve(3, 4, 5)
    assert (fourth.handled, fourth.condemned) == ([[3], [4, 5]], [3])
    fifth = Life(file, fatal=9)
    assert await fifth.serve(6, 7)
    assert fifth.handled == [[6, 7]]


async def test_who_was_in_hand_by_chance_is_never_buried(tmp_path: Path) -> None:
    """The record of another app is tried alone, too; only the one that dies alone is at fault."""
    file = tmp_path / "in-hand"
    for _ in range(2):
        life = Life(file, fatal=3)
        bystander = _received(8, topic="decisions")
        await life.in_hand.handle("decisions", bystander, _slow, list)
        assert not await life.serve(1, 2, 3)
    last = Life(file, fatal=3)
    assert await last.serve(8, topic="decisions")
    assert not await last.serve(1, 2, 3)
    assert Life(file).in_hand._deaths == {("plans", 0, 3): 3}


async def _slow(batch: list[Received]) -> None:
    """In hand still when the process dies."""


async def test_nothing_else_is_in_hand_while_a_suspect_is_tried(tmp_path: Path) -> None:
    file, order = tmp_path / "in-hand", list[str]()
    for _ in range(2):
        assert not await Life(file, fatal=3).serve(3)
    life, suspect = Life(file), _received(3)

    async def begin(batch: list[Received]) -> None:
        order.append(f"{batch[0].topic} begins")

    async def other(batch: list[Received]) -> None:
        order.append("another begins")
        batch[0].ack()

    trial = asyncio.ensure_future(life.in_hand.handle("router", suspect, begin, list))
    beside = asyncio.ensure_future(
        life.in_hand.handle("gatekeeper", _received(1, topic="decisions"), other, list)
    )
    for _ in range(20):
        await asyncio.sleep(0)
    assert order == ["plans begins"]
    suspect[0].ack()
    await asyncio.gather(trial, beside)
    assert order == ["plans begins", "another begins"]


async def test_a_suspect_that_another_process_has_now_slows_nobody(tmp_path: Path) -> None:
    file = tmp_path / "in-hand"
    for _ in range(2):
        assert not await Life(file, fatal=3).serve(3)
    life = Life(file)
    assert await life.serve(11, 12, ours=[SimpleNamespace(topic="plans", partition=1)])
    assert life.handled == [[11, 12]]


async def test_a_clean_end_is_no_death(tmp_path: Path) -> None:
    file = tmp_path / "in-hand"
    for _ in range(4):
        life = Life(file, fatal=3)
        assert not await life.serve(3)
        life.in_hand.forget()
    assert life.handled == [[3]]


@pytest.mark.parametrize(
    "content", ["", "{", '{"hand": 7, "deaths": []}', '{"hand": [["a"]], "deaths": []}', "[]"]
)
def test_a_file_that_nobody_can_read_is_begun_anew(tmp_path: Path, content: str) -> None:
    (tmp_path / "in-hand").write_text(content)
    assert InHand(tmp_path / "in-hand")._deaths == {}


async def test_a_folder_that_nobody_can_write_stops_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "taken").write_text("")
    life = Life(tmp_path / "taken" / "in-hand")
    assert await life.serve(1, 2)
    assert "cannot be written" in caplog.text


async def test_a_stop_iteration_in_a_thread_reaches_who_waits() -> None:
    with pytest.raises(OddError, match="StopIteration"):
        await asyncio.wait_for(in_thread(next, iter([])), 30)


@pytest.mark.slow
def test_a_plan_that_kills_the_router_is_buried_and_all_else_goes_on(world: World) -> None:
    good = [plan("look") for _ in range(30)]
    asked = route(plan("send"), load_catalogue(CATALOGUE), now=datetime.now(UTC))
    assert isinstance(asked, ApprovalRequested)
    world.send(*good[:15], asked)
    world.send_raw("plans", b"\xc3\x01fatal", b"k")
    world.send(*good[15:])
    ends = []
    for _ in range(3):
        worker = world.start("router", "gatekeeper", instance="r", deadly=True, wait=False)
        ends.append(worker.process.wait(60))
    assert ends == [-signal.SIGSEGV] * 3
    world.start("router", "gatekeeper", instance="r", deadly=True)
    assert {each.plan_id for each in world.read(PlanCleared, 30)} == {each.plan_id for each in good}
    until(lambda: world.gate_state(asked.request_id) or world.owner_of(asked.plan_id))
    with world.reader("dead-letters") as reader:
        (letter,) = reader.messages(lambda seen: len(seen) == 1)
    assert letter.value() == b"\xc3\x01fatal"
    assert (
        "the process died or hung 3 times with it in hand, at last with it alone"
        in headers_of(letter)["plangate_error"]
    )
    assert until(lambda: world.lag("router", "plans") == 0)


def test_what_holds_the_interpreter_for_ever_ends_the_process(world: World) -> None:
    """No watchdog of ours gets a turn then."""
    worker = world.start("router", hold=True, stuck_after_s=2.0)
    world.send(plan("look"))
    assert worker.process.wait(60) == 1
    assert "Timeout (0:00:02)!" in worker.log.read_text()
