"""A record that hangs its process is buried in the end; a store that hangs it buries nothing."""

from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from confluent_kafka import Message
from sqlalchemy import create_engine, event, text
from sqlalchemy.exc import DatabaseError

from gate_events.records import ApprovalRequested
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from stream_apps.exits import STUCK
from stream_apps.own_work import OwnWork
from tests.apps.world import CATALOGUE, World, asked, headers_of, plan, until

STUCK_S = 2.0
HELD_UP = 1  # the interpreter's own exit code, where the event loop does not turn


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now = 0.0
        monkeypatch.setattr("stream_apps.own_work.time.monotonic", lambda: self.now)


def test_what_a_piece_of_work_waits_for_the_store_is_not_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, work, store = Clock(monkeypatch), OwnWork(), create_engine("sqlite://")
    seen: list[float] = []

    def answer_after(seconds: int) -> int:
        clock.now += abs(seconds)
        seen.append(work.longest_s())
        if seconds < 0:
            raise ValueError
        return seconds

    @event.listens_for(store, "connect")
    def know(connection: Any, _record: object) -> None:
        connection.create_function("answer_after", 1, answer_after)

    work.know(store)
    with store.begin() as conn:
        conn.execute(text("SELECT answer_after(1000)"))
        assert work.longest_s() == 0
        with work.measured():
            clock.now += 7
            conn.execute(text("SELECT answer_after(1000)"))
            assert work.longest_s() == 7
            with pytest.raises(DatabaseError):
                conn.execute(text("SELECT answer_after(-1000)"))
            clock.now += 8
            assert work.longest_s() == 15
    assert seen == [0, 7, 7]
    assert work.longest_s() == 0


def endless() -> ApprovalRequested:
    """A request about a plan that is judged for ever."""
    request = route(plan("send", goal="endless"), load_catalogue(CATALOGUE), now=datetime.now(UTC))
    assert isinstance(request, ApprovalRequested)
    return request


def letter_of(world: World) -> Message:
    with world.reader("dead-letters") as reader:
        [letter] = reader.messages(bool)
    return letter


@pytest.mark.slow
@pytest.mark.parametrize("where", ["in a thread", "on the event loop"])
def test_a_record_that_hangs_its_process_is_buried_and_all_else_goes_on(world: World, where: str) -> None:
    before, hangs, after = asked("send"), endless(), asked("send")
    world.send(before)
    if where == "in a thread":
        world.send(hangs)
    else:
        world.send_raw("approval-requests", b"endless", str(hangs.plan_id).encode())
    world.send(after)

    def start(*, wait: bool) -> Any:
        return world.start("gatekeeper", instance="g", endless=True, stuck_after_s=STUCK_S, wait=wait)

    ends = [start(wait=False).process.wait(60) for _ in range(3)]
    assert ends == [STUCK if where == "in a thread" else HELD_UP] * 3
    start(wait=True)
    letter = letter_of(world)
    assert letter.key() == str(hangs.plan_id).encode()
    assert (
        "died or hung 3 times with it in hand, at last with it alone" in headers_of(letter)["plangate_error"]
    )
    until(lambda: world.gate_state(before.request_id) == world.gate_state(after.request_id) == "PENDING")
    until(lambda: world.lag("gatekeeper", "approval-requests") == 0)


@pytest.mark.slow
def test_a_store_that_never_answers_buries_nothing(postgres_world: World) -> None:
    """However often the process ends meanwhile: by its watchdog, or killed while it was told to stop."""
    world, request = postgres_world, asked("send")
    given: Any = {"instance": "g", "stuck_after_s": STUCK_S}
    with psycopg.connect(world.store_url) as holding:
        holding.execute("LOCK TABLE gates")
        world.send(request)
        for _ in range(3):
            assert world.start("gatekeeper", wait=False, **given).process.wait(60) == STUCK
        in_hand = world.folder / "spool" / "in-hand-g"
        for _ in range(3):
            told = world.start("gatekeeper", instance="g")
            until(lambda: in_hand.exists() and "approval-requests" in in_hand.read_text())
            told.process.terminate()
            until(lambda: not in_hand.exists())
            told.kill()
    world.start("gatekeeper", **given)
    until(lambda: world.gate_state(request.request_id) == "PENDING")
    with world.reader("dead-letters") as reader:
        assert set(reader.ends().values()) == {0}
