"""A record's words forge no line of a log, and none of a dead letter."""

import logging
import sys

import pytest

from gate_events.codec import decode, to_json
from gate_events.errors import UndecodableError
from gate_events.records import PlanCleared, PlanProposed
from plangate.worker.logs import OneLine
from tests.apps.world import World, headers_of, plan

FORGED = "x\n2026-01-01 00:00:00 plangate CRITICAL all is lost\x1b[8m\u202e\u2028\x9b"


def test_an_unknown_member_of_a_plan_forges_no_line(world: World) -> None:
    worker = world.start("router")
    member = (
        to_json(plan("look"))[:-1]
        + b',"'
        + FORGED.encode().replace(b"\n", b"\\n").replace(b"\x1b", b"\\u001b")
        + b'":1}'
    )
    world.send_raw("plans", member, b"k", [("plangate\n", b"x\ny")])
    world.send_raw("plans", b"\x00\x00\x00\x00\x07", b"k")
    world.send(good := plan("look"))
    assert world.read(PlanCleared, 1)[0].plan_id == good.plan_id
    with world.reader("dead-letters") as reader:
        letters = reader.messages(lambda seen: len(seen) == 2)
    errors = [headers_of(letter)["plangate_error"] for letter in letters]
    assert all(error.isprintable() for error in errors)
    assert any(r"x\n2026-01-01" in error for error in errors)
    log = worker.log.read_text()
    assert r"is a dead letter: PlanProposed: Object contains unknown field" in log
    assert "\n2026-01-01" not in log
    assert log.replace("\n", "").isprintable()


def test_what_cannot_be_decoded_is_told_on_one_line() -> None:
    with pytest.raises(UndecodableError) as found:
        decode(b'{"a\\nb": 1}', PlanProposed)
    assert str(found.value).isprintable()


def _formatted(message: str, error: Exception | None = None) -> list[str]:
    told = None
    if error is not None:
        try:
            raise error
        except Exception:
            told = sys.exc_info()
    record = logging.LogRecord("plangate", logging.ERROR, __file__, 1, "%s", (message,), told)
    return OneLine("%(levelname)s %(message)s").format(record).split("\n")


def test_a_line_that_begins_at_the_margin_is_one_of_ours() -> None:
    assert _formatted(FORGED) == [
        r"ERROR x\n2026-01-01 00:00:00 plangate CRITICAL all is lost\x1b[8m\u202e\u2028\x9b"
    ]
    first, *traceback = _formatted("met a fault", ValueError(FORGED))
    assert first == "ERROR met a fault"
    assert all(line.startswith("    ") and line.isprintable() for line in traceback)
    assert any("all is lost" in line for line in traceback)


def test_nor_does_a_stack_that_a_call_gives() -> None:
    record = logging.LogRecord("plangate", logging.ERROR, __file__, 1, "m", (), None, sinfo=FORGED)
    first, *more = OneLine("%(levelname)s %(message)s").format(record).split("\n")
    assert first == "ERROR m"
    assert all(line.startswith("    ") and line.isprintable() for line in more)
