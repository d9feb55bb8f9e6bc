"""Whatever others write, no command lets it paint, make lines, format itself, or look like another word.

All commands are run, as the CLI itself lists them: one that is new fails here until it is among `RUNS` or
`NO_WORDS_OF_OTHERS`.
"""

import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pytest
import typer
from confluent_kafka import Producer
from sqlalchemy import select, update

from gate_events.shown import MIXED, hidden
from gate_events.topics import TOPICS
from gate_store.database import open_store, utc_now
from gate_store.heartbeats import GATEKEEPER, ROUTER, Process, begin_to_beat
from gate_store.run_events import note_events
from gate_store.tables import effects, runs
from plangate.cli import choosing, output
from plangate.cli.lazy_group import command
from plangate.cli.main import main
from plangate.cli.table import TABLE
from plangate.dev.mock_kafka import MockKafka
from tests.cli.commands import CATALOGUE
from tests.cli.test_hostile_records import about, filled
from tests.store.examples import plan_id
from tests.stores import migrated

SPOOF = "p\u0430ypal"  # one letter is Cyrillic
FORGED = f"[red]FORGED {SPOOF}[/] :stop_sign:"
SPOOFS = re.compile("p\u0430[a-z]*")
TEXT = f"x\n{FORGED}\n\x1b[2J\x1b]0;owned\x07\x9b31m\u202e\u200b\r\n[link=https://evil.example]y[/link]"
NAME = "".join(char for char in TEXT if ord(char) >= 32)  # C0 stands in no name

GATE, PLAN, THREAD = "GATE", "PLAN", "THREAD"  # stand for ids of the hostile records
DECIDES = ("--yes", "--wait", "0", "--note", TEXT, "--by", "ben")
# A command, what it is given, and whether words of others stand in what it prints then.
RUNS: dict[str, list[tuple[list[str], bool]]] = {
    "pending": [([], True)],
    "show": [([PLAN], True), ([PLAN, "--raw"], True), ([TEXT], True)],
    "runs": [([], True), (["--status", TEXT], True)],
    "wait": [([THREAD, "--timeout", "0"], True), ([NAME, "--timeout", "0"], True)],
    "follow": [([THREAD], True), ([NAME], True)],
    "stop": [(["--note", TEXT, "--by", "ben"], True), (["--action", NAME, "--note", TEXT], True)],
    "go": [(["--yes"], False), (["--action", NAME, "--note", TEXT, "--yes"], False)],
    "retry": [([THREAD, "--note", TEXT], True), ([NAME, "--note", "x"], True)],
    "explain": [(["plan.json"], True), (["named.json"], True), (["broken.json"], False)],
    "propose": [(["plan.json"], False), (["named.json"], True)],
    "submit": [([TEXT], True)],
    **{
        name: [([GATE, *DECIDES], False), ([GATE, *DECIDES[1:]], True), ([TEXT, *DECIDES], True)]
        for name in ("approve", "reject", "withdraw", "respond", "confirm", "undo")
    },
    "edit": [([GATE, "--drop", NAME, *DECIDES], True), ([GATE, "--drop", TEXT, *DECIDES], True)],
    "resolve": [([GATE, "--retry", *DECIDES[1:]], True)],
    "dead-letters list": [([], True), (["--plan", TEXT], True)],
    "dead-letters show": [(["0@0"], True), ([TEXT], True)],
    "dead-letters replay": [(["0@0"], True)],
    "dead-letters discard": [(["0@0"], True)],
    "doctor": [([], True), (["--role", TEXT], True)],
    "store upgrade": [([], False)],
    "store roles": [([], False)],
    "store restored": [
        (["--since", TEXT], True),
        (["--since", "2026-11-30T13:00:00Z", "--until", TEXT], True),
    ],
    "catalogue check": [(["catalogue.yaml"], False), (["hostile.yaml"], True)],
    "catalogue from-mcp": [(["tools.json"], True), (["broken.json"], False)],
}
# They start processes, which have tests of their own, or speak of names alone that are ours.
NO_WORDS_OF_OTHERS = {
    "demo",
    "dev",
    "worker",
    "torture",
    "init",
    "topics create",
    "topics check",
    "topics acls",
}


def names_of(name: str) -> list[str]:
    """A command's, or those of a group's commands."""
    found = command(name)
    return [f"{name} {inner}" for inner in found.commands] if hasattr(found, "commands") else [name]


def test_no_command_is_left_out() -> None:
    assert {each for name in TABLE for each in names_of(name)} == {*RUNS, *NO_WORDS_OF_OTHERS}


@dataclass(frozen=True)
class Hostile:
    """A folder, a store and a broker, all of whose records are hostile."""

    ids: dict[str, str]
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    def run(self, *arguments: str) -> str:
        """What a command prints, on stdout and stderr."""
        given = [self.ids.get(each, each) for each in arguments]
        self.monkeypatch.setattr(sys, "argv", ["plangate", *given])
        self.capsys.readouterr()
        with pytest.raises(SystemExit):
            main()
        return "".join(self.capsys.readouterr())


def fill_more(url: str) -> None:
    """What the engine and workers write: a failed run, effects, and parts that are in trouble."""
    engine = open_store(url)
    with engine.begin() as conn:
        conn.execute(update(runs).values(error=TEXT))
        conn.execute(update(runs).where(runs.c.plan_id == plan_id("ends")).values(status="FAILED"))
        conn.execute(update(effects).values(detail=TEXT, executor=NAME))
        thread_id = conn.execute(
            select(runs.c.thread_id).where(runs.c.plan_id == plan_id("ends"))
        ).scalar_one()
        event = msgspec.json.encode({NAME: TEXT}).decode()
        note_events(conn, thread_id, plan_id("ends"), [event], utc_now())
        begin_to_beat(
            conn,
            Process(NAME, "0", NAME, "1", "digest"),
            dict.fromkeys((ROUTER, GATEKEEPER), TEXT),
            utc_now(),
        )
    engine.dispose()


def bury(servers: str, topic: str) -> None:
    """The first dead letter."""
    producer = Producer({"bootstrap.servers": servers})
    said = {"event_id": NAME, "error": TEXT, "topic": TEXT, "partition": "0", "offset": "0", NAME: TEXT}
    headers: Any = [(f"plangate_{name}", text.encode()) for name, text in said.items()]
    producer.produce(topic, TEXT.encode(), TEXT.encode(), headers=headers, partition=0)
    assert producer.flush(10) == 0


@pytest.fixture
def hostile(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    mock_kafka: MockKafka,
    topic_prefix: str,
) -> Hostile:
    url = f"sqlite:///{tmp_path / 'plangate.db'}"
    plan = {"goal": TEXT, "steps": [{"step_id": NAME, "action_type": NAME, "arguments": {TEXT: TEXT}}]}
    tool = {"name": NAME, "description": TEXT, "annotations": {"title": TEXT}}
    files = {
        "catalogue.yaml": CATALOGUE,
        "langgraph.json": '{"graphs": {}}',
        "plan.json": json.dumps(plan),
        "named.json": json.dumps({**plan, "agent": NAME}),
        "tools.json": json.dumps({"tools": [tool]}),
        "broken.json": TEXT,
        "hostile.yaml": json.dumps({"version": 1, "actions": {NAME: {"tier": TEXT, TEXT: 1}}}),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    for on in (output.console, output.errors):
        monkeypatch.setattr(on, "width", 20_000)  # folded lines have tests of their own
    monkeypatch.setattr(choosing, "is_terminal", lambda: True)
    monkeypatch.setattr(typer, "confirm", lambda *_, **__: True)
    monkeypatch.setenv("PLANGATE_STORE_URL", url)
    monkeypatch.setenv("PLANGATE_KAFKA_BOOTSTRAP_SERVERS", mock_kafka.bootstrap_servers)
    monkeypatch.setenv("PLANGATE_TOPIC_PREFIX", topic_prefix)
    monkeypatch.setenv("PLANGATE_STOP_FILE", str(tmp_path / "stopped"))
    mock_kafka.create_topics(*(f"{topic_prefix}{topic.name}" for topic in TOPICS))
    migrated(url)
    filled(url, TEXT)
    fill_more(url)
    bury(mock_kafka.bootstrap_servers, f"{topic_prefix}dead-letters")
    waits, ends = about("waits", TEXT), about("ends", TEXT)
    assert ends.run
    ids = {GATE: str(waits.request_id), PLAN: str(plan_id("ends")), THREAD: ends.run.thread_id}
    return Hostile(ids, capsys, monkeypatch)


def hold(printed: str, where: str) -> None:
    """Nothing in it paints, makes a line, is markup, or looks like another word."""
    assert printed, where
    assert not hidden(printed) - {"\n"}, where
    assert printed.count("FORGED") == printed.count("[red]FORGED"), where
    assert printed.count("evil.example") == printed.count("[link=https://evil.example]"), where
    assert all(printed.startswith(MIXED, spoof.end()) for spoof in SPOOFS.finditer(printed)), where
    assert not any(line.strip("│ ").startswith("[red]") for line in printed.splitlines()), where


@pytest.mark.parametrize("command", RUNS)
def test_words_of_others_stay_what_they_are(hostile: Hostile, command: str) -> None:
    for given, quotes_others in RUNS[command]:
        printed = hostile.run(*command.split(), *given)
        where = f"plangate {command} {given}: {printed}"
        hold(printed, where)
        assert ("FORGED" in printed) is quotes_others, where


def test_so_do_the_words_of_who_stops_everything(hostile: Hostile) -> None:
    hostile.run("stop", "--note", TEXT, "--by", "ben")
    for called in ("pending", "runs", "doctor", "go --yes"):
        printed = hostile.run(*called.split())
        hold(printed, f"plangate {called}: {printed}")
        assert "FORGED" in printed
