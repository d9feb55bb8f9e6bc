"""What `show` prints: everything that counts, on 80 columns, with nothing that fakes the view."""

from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from rich.console import Console

from gate_events.records import ApprovalRequested
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from plangate.cli import story
from plangate.cli.moments import left, moment
from plangate.cli.story import print_review, print_story
from tests.apps.world import plan

CATALOGUE = load_catalogue("""
version: 1
actions:
  pay: {tier: IRREVERSIBLE, says: "Pay {{ what }}", secret: [pin]}
  list: {tier: IRREVERSIBLE}
  refund: {tier: IRREVERSIBLE, says: "Refund {{ customer.name }}"}
  scale: {tier: IRREVERSIBLE, says: "Scale {{ service }} to {{ n }} replicas"}
  bulk: {tier: IRREVERSIBLE, says: "Mail {{ to | length }} people: {{ text | truncate(20) }}"}
""")
NOW = datetime(2026, 11, 30, 10, 0, tzinfo=UTC)
PAINT = "\x1b[2J\u202eevil\r\nAPPROVED by ana"


def gate(*action_types: str, goal: str = "pay", **arguments: Any) -> dict[str, Any]:
    proposed = plan(*action_types, goal=goal)
    steps = tuple(
        msgspec.structs.replace(each, arguments={**each.arguments, **arguments}) for each in proposed.steps
    )
    request = route(msgspec.structs.replace(proposed, steps=steps), CATALOGUE, now=NOW)
    assert isinstance(request, ApprovalRequested)
    return {**msgspec.to_builtins(request), "state": "PENDING", "approved_by": [], "verdict": None}


def printed(view: dict[str, Any], *, raw: bool = False) -> str:
    console = Console(width=80, record=True, file=open("/dev/null", "w"))  # noqa: SIM115, PTH123 - nobody reads it
    print_review(view, CATALOGUE, raw=raw, on=console)
    return console.export_text()


def joined(text: str) -> str:
    return " ".join(text.split())


def test_each_step_shows_the_arguments_that_its_sentence_does_not_use() -> None:
    text = printed(gate("pay", amount=650, note="urgent", pin="1234"))
    assert "Pay thing 1" in text
    assert 'with amount=650, note="urgent", pin="•••"' in text
    assert "1234" not in text


def test_what_a_sentence_shows_a_part_of_is_listed_whole_beneath_it() -> None:
    customer = {"name": "Ann", "iban": "DE00", "amount": 999999}
    text = printed(gate("refund", customer=customer, what="x"))
    assert "Refund Ann" in text
    assert 'with what="x", customer={"name":"Ann","iban":"DE00","amount":999999}' in joined(text)


def test_what_the_steps_of_a_group_have_in_common_is_said_whole_and_once() -> None:
    long = "Dear all, the rest of it is where the harm is"
    text = printed(gate("bulk", "bulk", to=["x@a", "y@b"], text=long, what="x"))
    group = f'Mail 2 people: Dear all, the... (the same in all: what="x", to=["x@a","y@b"], text="{long}")'
    assert f"2 times: {group} [IRREVERSIBLE, 2 steps]" in joined(text)
    assert joined(text).count("where the harm is") == 1
    assert max(map(len, text.splitlines())) <= 80


def test_each_step_of_a_group_lists_what_the_group_leaves_out() -> None:
    text = joined(
        printed(gate("pay", "pay", what="x", pin="1234", account="17", goal="pay", more={"pin": 5}))
    )
    assert '2 times: Pay x (the same in all: account="17")' in text
    assert text.count('with pin="•••", more={"pin":"•••"}') == 2


def test_an_argument_n_is_shown_as_it_is() -> None:
    text = printed(gate("scale", service="web", n=500, what="x"))
    assert 'scale(what="x", service="web", n=500)' in text
    assert "1 replicas" not in text


def test_an_action_without_a_sentence_lists_its_arguments_once() -> None:
    assert printed(gate("list", amount=650)).count("650") == 1


def test_raw_arguments_are_shown_where_they_are_asked_for() -> None:
    assert '"1234"' in printed(gate("pay", pin="1234"), raw=True)


def test_an_agents_words_are_quoted_and_paint_nothing() -> None:
    text = printed(gate("pay", goal=PAINT, evil=PAINT))
    assert 'wants: "\\x1b[2J\\u202eevil\\r\\nAPPROVED by ana"' in " ".join(text.split())
    assert not {"\x1b", "\u202e", "\r"} & set(text)
    assert not any(line.strip() == "APPROVED by ana" for line in text.splitlines())


def test_nothing_is_wider_than_the_screen() -> None:
    text = printed(gate(*["pay"] * 9, note="a long note " * 40))
    assert max(map(len, text.splitlines())) <= 80


def test_what_was_approved_is_told_as_changes_with_the_reviewers_words() -> None:
    view = gate("pay", "pay")
    verdict = {
        "state": "APPROVED",
        "decided_by": "ana",
        "decided_at": "2026-11-30T10:20:00Z",
        "note": "one alone",
    }
    view = {**view, "state": "APPROVED", "verdict": {**verdict, "steps": view["steps"][1:]}}
    text = printed(view)
    assert 'APPROVED by ana, 30 Nov 2026 10:20 UTC: "one alone"' in text
    assert "approved with changes:\n    - 1  Pay thing 1\n" in text
    assert "approved with changes" not in printed({**view, "verdict": {**verdict, "steps": view["steps"]}})


def test_moments_are_told_as_people_read_them() -> None:
    assert moment("2026-11-30T10:20:23.525939+01:00") == "30 Nov 2026 09:20 UTC"


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (timedelta(days=7), "7 days"),
        (timedelta(hours=8, minutes=-1), "7 h 59 min"),
        (timedelta(seconds=20), "1 min"),
        (timedelta(0), "over"),
    ],
)
def test_what_is_left_is_told_in_words(span: timedelta, words: str) -> None:
    assert left((NOW + span).isoformat(), NOW) == words


def test_a_plan_that_never_had_a_gate_is_told_too(capsys: pytest.CaptureFixture[str]) -> None:
    row = {
        "digest": "d",
        "revision": 1,
        "gate_id": None,
        "cleared_at": "2026-11-30T10:20:00Z",
        "use_by": None,
    }
    story.print_story({"gates": [], "clearances": [row]}, CATALOGUE, raw=False)
    assert "revision 1, cleared without a gate 30 Nov 2026 10:20 UTC" in capsys.readouterr().out


def test_words_of_others_are_quoted_beside_whose_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    lies = 'done", by ben: "yes'
    effect = {
        "step_id": "s1",
        "state": "FAILED",
        "action_type": "pay",
        "executor": "worker-1",
        "detail": lies,
    }
    run = {"thread_id": "t1", "graph": "billing", "status": "FAILED", "error": lies}
    print_story(
        {"effects": [{**effect, "finished_at": None, "attempts": 1}], "runs": [run]}, CATALOGUE, raw=False
    )
    text = joined(capsys.readouterr().out)
    quoted = r'"done\", by ben: \"yes"'
    assert f"s1 FAILED pay, by worker-1: {quoted}" in text
    assert f"run t1 of billing: FAILED: {quoted}" in text
    view = gate("pay", goal=lies)
    said = {
        "state": "REJECTED",
        "decided_by": "ana",
        "decided_at": NOW.isoformat(),
        "note": lies,
        "steps": [],
    }
    text = joined(printed({**view, "state": "REJECTED", "verdict": {**view, **said}}))
    assert f"wants: {quoted}" in text
    assert f"REJECTED by ana, {moment(NOW.isoformat())}: {quoted}" in text


def test_what_expired_says_that_nothing_was_executed_and_that_nobody_decided() -> None:
    view = gate("pay")
    verdict = {
        "state": "EXPIRED",
        "kind": "PLAN",
        "timing": "BEFORE",
        "steps": [],
        "note": "too late",
        "decided_by": "clock",
        "decided_at": "2026-11-30T18:00:00Z",
    }
    text = joined(printed({**view, "state": "EXPIRED", "verdict": verdict}))
    assert "NOT executed. Expired: nobody decided before the deadline" in text
