"""The demo from start to end, as a user runs it."""

import json
import os
import pty
import re
import select
import subprocess
import time
from email import message_from_bytes
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from plangate.dev.java import find_java
from plangate.dev.postgres_binaries import find_binaries
from tests.account import note
from tests.cli.commands import PLANGATE, Shell
from tests.docs.markdown import ROOT, blocks
from tests.services import own_folder, required

RUNS_S = 400
_CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
GOOD = {
    "inquiries": 200,
    "plans": 202,
    "auto_executed": 200,
    "held": 2,
    "reviews": 12,
    "emails_delivered": 193,
    "emails_not_sent": 196,
    "of_them_paid": 104,
    "of_them_told": 92,
    "duplicate_emails": 0,
    "unapproved_effects": 0,
    "runs_unfinished": 0,
}
END = """\
196 mails were not sent: 104 had paid, 92 had the same mail since the evening.
193 mails were sent, none twice and none without an approval.

Who decided what:
  ana approved 189 mails, "go ahead"
  ana approved 4 of 200 mails, "only those who have neither paid nor been told"
  ana confirmed 10 plans that had run, "seen in the morning"
  nobody had to be asked before 200 plans ran
"""


def tally(shell: Shell, *arguments: str) -> dict[str, Any]:
    """The last line of `plangate demo --json`."""
    ended = shell.run("demo", "--json", *arguments, timeout=RUNS_S)
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out.splitlines()[-1])
    assert found.pop("seconds") < RUNS_S
    return found


@pytest.mark.long
def test_the_demo_tells_what_did_not_happen_shows_where_to_look_and_repeats_nothing(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    ended = shell.run("demo", "--folder", "kept", timeout=RUNS_S)
    assert ended.code == 0, ended.err
    assert END in ended.out.partition("What did not happen")[2]
    in_readme(ended.out)
    arrived = [message_from_bytes(file.read_bytes())["To"] for file in (tmp_path / "kept/mails").iterdir()]
    assert len(set(arrived)) == len(arrived) == 193
    mail, record, *others = next_commands(ended.out)
    assert "Subject: Your invoice is overdue" in typed(shell, mail)
    story = typed(shell, record)
    assert "only those who have neither paid nor been told" in story
    assert story.count("SUCCEEDED") == 4
    assert [other.split()[1:] for other in others] == [["demo", "--interactive"], ["init", "my-agent"]]
    again = tally(shell, "--folder", "kept")
    assert again == dict.fromkeys(GOOD, 0) | {"inquiries": 200}


def next_commands(told: str) -> list[str]:
    """What the demo says to try: each line behind one that says what it shows."""
    _, _, to_try = told.partition("Try next")
    lines = to_try.splitlines()
    return [command for what, command in pairwise(lines) if what.startswith("# ")]


def typed(shell: Shell, command: str) -> str:
    """What a command prints to whoever pastes it where the demo ran."""
    done = subprocess.run(
        ["sh", "-c", command],
        cwd=shell.folder,
        env={**shell.variables, "PATH": f"{PLANGATE.parent}:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def in_readme(told: str) -> None:
    """README quotes the demo: its lines, where … stands for what is left out and moments differ."""
    (quoted,) = (text for text in blocks(ROOT / "README.md", "text") if "were not sent" in text)
    moment = r"\d{4}-\d\d-\d\d \d\d:\d\d UTC"
    spoken = re.sub(moment, "MOMENT", " ".join(told.split()))
    heard = 0
    for part in re.split(r"…|\n", re.sub(moment, "MOMENT", quoted)):
        words = " ".join(part.split())
        found = spoken.find(words, heard)
        assert found >= 0, f"README quotes what the demo does not say: {words}"
        heard = found + len(words)


@pytest.mark.slow
@pytest.mark.kafka
@pytest.mark.postgres
def test_the_demo_runs_the_same_on_apache_kafka_and_postgresql(request: pytest.FixtureRequest) -> None:
    note(request.node, "Apache Kafka and PostgreSQL of the demo")
    with required():  # skips as the fixtures do; the demo itself would fail
        find_java("Apache Kafka")
        find_binaries()
    with own_folder() as folder:
        assert tally(Shell(folder), "--broker", "apache", "--store", "postgresql") == GOOD


@pytest.mark.slow
def test_the_reviewer_at_the_keyboard_rejects_one_plan_and_edits_the_other(tmp_path: Path) -> None:
    told, code = conversation(
        tmp_path,
        [
            ("ana> ", "quatsch"),
            ("none of the words.*ana> ", "reject"),
            ("agent: ", "not tonight"),
            ("ana> ", "edit"),
            ("agent: ", ""),
            ("mails> ", "mail 96"),
            ("mails> ", "end"),
        ],
    )
    assert code == 0, told
    assert 'ana: REJECT, "not tonight"' in told
    assert "The plan did not run: no mails arrived." in told
    assert "ana: EDIT, 96 of 200 steps stay, without a word" in told
    assert "189 mails were not sent, since ana rejected the plan.\n" in told
    assert "104 mails were not sent: 104 had paid.\n" in told
    assert "96 mails were sent, none twice and none without an approval.\n" in told
    assert "To: customer-199@example.com" in told


@pytest.mark.slow
def test_who_approves_all_against_the_warnings_is_told_what_that_did(tmp_path: Path) -> None:
    approve = [("ana> ", "approve"), ("agent: ", "")]
    told, code = conversation(tmp_path, [*approve, *approve, ("mails> ", "end")])
    assert code == 0, told
    assert "189 of 200 steps of send_overdue_notice repeat what was already done within 24 hours" in told
    assert "104 have paid" in told
    assert "the 4 of 200 steps without a warning run" in told
    assert "What happened" in told
    assert "189 customers got the same mail twice: it was approved.\n" in told
    assert "104 customers who had paid were told that the invoice is overdue: it was approved.\n" in told
    assert "389 mails were sent, 189 of them a second time and none without an approval.\n" in told


def conversation(folder: Path, answers: list[tuple[str, str]]) -> tuple[str, int]:
    """Run the demo on a terminal; give each answer when its prompt has come. What was said, and the code."""
    terminal, theirs = pty.openpty()
    process = subprocess.Popen(
        [PLANGATE, "demo", "--interactive", "--folder", "data"],
        cwd=folder,
        env={**Shell(folder).variables, "COLUMNS": "200"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    said, heard, deadline = "", 0, time.monotonic() + RUNS_S
    try:
        while (more := _read(terminal, deadline, said)) is not None:
            said += more
            if answers and (prompt := re.search(answers[0][0], said[heard:], re.DOTALL)):
                heard += prompt.end()
                os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
        return _CONTROL.sub("", said).replace("\r", ""), process.wait(30)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _read(terminal: int, deadline: float, said: str) -> str | None:
    """What came; None when the other side has closed."""
    ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
    assert ready, f"the demo says nothing more: {said}"
    try:
        return os.read(terminal, 65536).decode(errors="replace") or None
    except OSError:  # EIO: that is how Linux says it
        return None
