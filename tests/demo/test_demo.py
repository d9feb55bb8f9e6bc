"""The demo from start to end, as a user runs it."""

import json
import os
import pty
import re
import select
import subprocess
import time
from pathlib import Path
from typing import Any

import pytest

from plangate.dev.java import find_java
from plangate.dev.postgres_binaries import find_binaries
from tests.account import note
from tests.cli.commands import PLANGATE, Shell
from tests.services import own_folder, required

RUNS_S = 150
GOOD = {
    "inquiries": 200,
    "plans": 202,
    "auto_executed": 200,
    "held": 2,
    "reviews": 12,
    "emails_delivered": 193,
    "duplicate_emails": 0,
    "unapproved_effects": 0,
    "runs_unfinished": 0,
}


def tally(shell: Shell, *arguments: str) -> dict[str, Any]:
    """The last line of `plangate demo --json`."""
    ended = shell.run("demo", "--json", *arguments, timeout=RUNS_S)
    assert ended.code == 0, ended.err
    found: dict[str, Any] = json.loads(ended.out.splitlines()[-1])
    assert found.pop("seconds") < RUNS_S
    return found


@pytest.mark.long
def test_the_demo_delivers_what_was_approved_once_and_a_second_run_nothing(tmp_path: Path) -> None:
    shell = Shell(tmp_path)
    assert tally(shell, "--folder", "kept") == GOOD
    again = tally(shell, "--folder", "kept")
    assert again == dict.fromkeys(GOOD, 0) | {"inquiries": 200}


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
        tmp_path, [(r"\[e\]: ", "r"), ("agent", "not tonight"), (r"\[e\]: ", "e"), ("agent", "")]
    )
    assert code == 0, told
    assert "ana: REJECT. not tonight" in told
    assert "ana: EDIT, 96 of 200 steps stay." in told
    assert "104 have paid" in told
    assert re.search(r"emails delivered\W+96\b", told)
    assert re.search(r"unapproved effects\W+0\b", told)
    assert re.search(r"runs unfinished\W+0\b", told)


@pytest.mark.slow
def test_the_held_plan_shows_who_was_told_already_and_who_has_paid(tmp_path: Path) -> None:
    answers = [(r"\[e\]: ", "a"), ("agent", ""), (r"\[e\]: ", "e"), ("agent", "")]
    told, code = conversation(tmp_path, answers)
    assert code == 0, told
    assert "189 of 200 steps of send_overdue_notice repeat what was already done within 24 hours" in told
    assert "104 have paid" in told
    assert "keep only the 4 of 200 steps without a warning" in told
    assert re.search(r"emails delivered\W+193\b", told)


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
        while (more := _read(terminal, deadline)) is not None:
            said += more
            if answers and (prompt := re.search(answers[0][0], said[heard:])):
                heard += prompt.end()
                os.write(terminal, f"{answers.pop(0)[1]}\n".encode())
        return said.replace("\r", ""), process.wait(30)
    finally:
        process.kill()
        process.wait()
        os.close(terminal)


def _read(terminal: int, deadline: float) -> str | None:
    """What came; None when the other side has closed."""
    ready, _, _ = select.select([terminal], [], [], max(0.0, deadline - time.monotonic()))
    assert ready, "the demo says nothing more"
    try:
        return os.read(terminal, 65536).decode(errors="replace") or None
    except OSError:  # EIO: that is how Linux says it
        return None
