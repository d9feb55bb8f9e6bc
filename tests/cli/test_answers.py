"""What a deciding command answers: in words, and in the colours of all commands."""

from typing import Any

import pytest

from gate_events.words import DecisionKind
from gate_store.dispositions import Fate
from plangate.cli import decisions
from plangate.cli.output import LOOK, WELL
from tests.store.examples import asked, decided

GATE = f"gate {str(asked().request_id)[:8]}"


@pytest.mark.parametrize(
    ("fate", "style", "words"),
    [
        (Fate.DECIDED, WELL, f"{GATE} is closed by this: REJECTED. Nothing runs."),
        (Fate.COUNTED, WELL, f"{GATE} stays open: REJECT is COUNTED. Nothing runs."),
        (Fate.WAITING, LOOK, f"{GATE} stays open: REJECT is WAITING. Nothing runs."),
        ("PUBLISHED", LOOK, f"{GATE} stays open: REJECT is PUBLISHED. Nothing runs."),
    ],
)
def test_what_counts_is_well_and_what_waits_is_worth_a_look(
    fate: str, style: str, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[Any, ...]] = []
    monkeypatch.setattr(decisions, "say", lambda text, *, style: said.append((text, style)))
    told = {
        "fate": fate,
        "state": "REJECTED" if fate == Fate.DECIDED else None,
        "message": "Nothing runs.",
        "why": "Nothing runs.",
    }
    decisions.answer(decided(asked(), DecisionKind.REJECT), told)
    assert said == [(words, style)]
