"""Whatever records say, `pending` and `show` print as many lines as of plain words, set in as deep."""

import json
import re
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

import msgspec
import pytest

from gate_events.digest import plan_digest, review_digest
from gate_events.records import ApprovalRequested, PlanCleared, PlanExecuted, StepResult
from gate_events.shown import hidden
from gate_events.values import Agent, Finding, Group, Review, Step
from gate_events.words import DecisionKind, OutcomeStatus, StepStatus, Tier
from gate_store.database import open_store
from gate_store.outcomes import record_outcomes
from plangate.cli import gates, output
from tests.cli.commands import CATALOGUE
from tests.store.acting import ask, clear, decide, look_at_doubts, said
from tests.store.examples import HOUR, NOON, asked, cleared, decided, executed, plan_id, run, terms
from tests.stores import migrated

R = TypeVar("R")
NAME, TEXT = "aname", "atext"  # stand for all that is free in a record
FAR = NOON + 26_280 * HOUR
PLANS = ("waits", "ends", "doubt")
BEGINS = re.compile(r" \S")
CODES = "db:key:prod and :stop_sign: [red]x[/red] [/] C:\\"
HOSTILE = {
    "escapes": "\x1b[2J\x1b[1;1H\x1b]0;owned\x07nothing waits\r\nWhat may run",
    "C1 controls": "x\x9b31mred\x85y",
    "bidirectional": "\u202egpj.exe\u2066",
    "zero width": "a\u200bb\u2060c\ufeffd",
    "fillers": "x" + "\u3164\u2800\u00a0" * 40 + "digest 0000",
    "blanks": "x" + " " * 80 + "2 of ana, ben (ana has agreed)" + " " * 80 + "digest 0000",
    "many blanks": "x" + " " * 400 + "• Look  [REVERSIBLE]" + " " * 400 + "! all is well",
    "codes": CODES,
}


def made_of(record: R, text: str) -> R:
    """The record with `text` wherever its words are free; a name is short, and takes no C0 control."""
    name = "".join(char for char in text if ord(char) >= 32)[:240]
    told = msgspec.json.encode(record).decode()
    for stands, new in ((NAME, name), (TEXT, text)):
        told = told.replace(stands, json.dumps(new)[1:-1])
    return msgspec.json.decode(told, type=type(record))


def about(plan: str, text: str) -> ApprovalRequested:
    """A question about a plan of a run."""
    step = Step(step_id=NAME, action_type=NAME, arguments={TEXT: TEXT})
    own = Step(step_id="s2", action_type="note", arguments={"text": TEXT, "more": [TEXT]})
    review = Review(
        groups=(
            Group(text=TEXT, tier=Tier.IRREVERSIBLE, step_ids=(NAME,)),
            Group(text=TEXT, tier=Tier.REVERSIBLE, step_ids=("s2",)),
        ),
        findings=(Finding(check=TEXT, text=TEXT, step_ids=(NAME, "s2")),),
        reasons=(TEXT,),
        terms=terms(reviewers=(NAME, "ada"), deadline=FAR),
    )
    place = msgspec.structs.replace(run(f"{NAME} {plan}"), graph=NAME)
    made = asked(plan_id(plan), steps=(step, own), run=place)
    told = {"proposer": NAME, "agent": Agent(name=NAME), "goal": TEXT, "review": review}
    made = made_of(msgspec.structs.replace(made, **told), text)
    return msgspec.structs.replace(
        made,
        digest=plan_digest(made.plan_id, 1, made.steps, made.run),
        review_digest=review_digest(made.review),
    )


def in_doubt(text: str) -> tuple[PlanCleared, PlanExecuted]:
    """A service's plan that nobody was asked about, and a step that it does not know about."""
    step = Step(step_id=NAME, action_type=NAME, arguments={TEXT: TEXT})
    plan = made_of(cleared(plan_id("doubt"), steps=(step,)), text)
    plan = msgspec.structs.replace(plan, digest=plan_digest(plan.plan_id, 1, plan.steps, None))
    result = StepResult(step_id=NAME, status=StepStatus.IN_DOUBT, detail=TEXT, finished_at=NOON)
    told = msgspec.structs.replace(executed(plan, OutcomeStatus.FAILED), executor=NAME, results=(result,))
    return plan, made_of(told, text)


def filled(url: str, text: str) -> None:
    """A plan that waits and of which a word was refused, one that was rejected, and one in doubt."""
    waits, ends = about("waits", text), about("ends", text)
    plan, outcome = in_doubt(text)
    engine = open_store(url)
    with engine.begin() as conn:
        ask(conn, waits, ends)
        decide(conn, made_of(decided(waits, by=NAME, note=TEXT, digest="f" * 64), text))
        decide(conn, made_of(decided(ends, DecisionKind.REJECT, "ada", note=TEXT), text))
        clear(conn, plan)
        record_outcomes(conn, [outcome], NOON)
        look_at_doubts(conn)
        ask(conn, *(each for each in said(conn, ApprovalRequested) if each.in_doubt))
    engine.dispose()


@pytest.fixture
def printed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Callable[[str], str]:
    """What the commands print, on 80 columns, of a store whose records say such a text."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "catalogue.yaml").write_text(CATALOGUE)
    monkeypatch.setattr(output.console, "width", 80)

    def prints(text: str) -> str:
        url = f"sqlite:///{tmp_path / uuid4().hex}.db"
        monkeypatch.setenv("PLANGATE_STORE_URL", url)
        migrated(url)
        filled(url, text)
        gates.pending()
        for plan in PLANS:
            gates.show(str(plan_id(plan)))
            gates.show(str(plan_id(plan)), raw=True)
        return capsys.readouterr().out

    return prints


def own_lines(text: str) -> tuple[Counter[int], list[int]]:
    """Of a table, how many lines each column has; how deep each other line is set in. No folded rests."""
    cells: Counter[int] = Counter()
    lines = []
    for line in text.splitlines():
        if line.startswith("│"):
            cells.update(at for at, cell in enumerate(line.split("│")) if BEGINS.match(cell))
        elif not line.startswith(" " * output.FOLDED_AT):
            lines.append(len(line) - len(line.lstrip()))
    return cells, lines


@pytest.mark.parametrize("kind", HOSTILE)
def test_records_paint_nothing_and_make_no_lines(printed: Callable[[str], str], kind: str) -> None:
    plain, seen = printed("x"), printed(HOSTILE[kind])
    assert not hidden(seen) - {"\n"}
    assert own_lines(seen) == own_lines(plain)
