"""No broker, no topic, no database, no graph: one clear line with the mend, in seconds."""

import json
import sqlite3
import time

import pytest

from plangate.dev.mock_kafka import MockKafka
from tests.cli.commands import NO_BROKER, SECRET, Ended, Shell

QUICK_S = 30  # of which most is for a machine that is busy with other tests; a client's own wait is 5 s
SPEAKING = (
    ["worker"],
    ["propose", "plan.json"],
    *(
        pytest.param(more, marks=pytest.mark.slow)
        for more in (["topics", "create"], ["topics", "check"], ["dead-letters", "list"])
    ),
)


def quick(shell: Shell, *arguments: str) -> Ended:
    started = time.monotonic()
    ended = shell.run(*arguments)
    assert time.monotonic() - started < QUICK_S
    return ended


@pytest.mark.parametrize("command", SPEAKING, ids=" ".join)
def test_without_a_broker_a_command_says_so_in_seconds(stored: Shell, command: list[str]) -> None:
    quick(stored, *command).complains(f"no Kafka at {NO_BROKER}", "PLANGATE_KAFKA_BOOTSTRAP_SERVERS")


def test_a_missing_topic_is_named(stored: Shell, mock_kafka: MockKafka, topic_prefix: str) -> None:
    shell = stored.with_(
        PLANGATE_KAFKA_BOOTSTRAP_SERVERS=mock_kafka.bootstrap_servers, PLANGATE_TOPIC_PREFIX=topic_prefix
    )
    for command in (["propose", "plan.json"], ["dead-letters", "list"], ["worker"]):
        quick(shell, *command).complains("missing", f"{topic_prefix}", "`plangate topics create`")


@pytest.mark.parametrize(
    "command", [["pending"], ["runs"], ["show", "x"], ["approve", "3f2a9c1d"]], ids=" ".join
)
def test_a_store_that_does_not_exist_is_named_and_not_made(shell: Shell, command: list[str]) -> None:
    shell.run(*command).complains("the store plangate.db does not exist; start `plangate dev` here, or run")
    assert not (shell.folder / "plangate.db").exists()


def test_a_store_in_a_folder_that_is_missing_is_named(shell: Shell) -> None:
    away = shell.with_(PLANGATE_STORE_URL="sqlite:///away/x.db")
    away.run("pending").complains("the store away/x.db does not exist")
    away.run("store", "upgrade").complains("the store away/x.db cannot be opened; make its folder")


def test_a_store_without_tables_is_named(shell: Shell) -> None:
    (shell.folder / "plangate.db").touch()
    for command in (["pending"], ["runs"], ["approve", "3f2a9c1d"]):
        shell.run(*command).complains("the store has no tables yet; run `plangate store upgrade`")


@pytest.mark.parametrize("command", [["pending"], ["store", "upgrade"], ["runs"]], ids=" ".join)
def test_a_database_that_refuses_is_named_without_its_password(shell: Shell, command: list[str]) -> None:
    away = shell.with_(PLANGATE_STORE_URL=f"postgresql://me:{SECRET}@127.0.0.1:1/gates")
    line = quick(away, *command).complains("the store does not answer", "port 1", "PLANGATE_STORE_URL")
    assert SECRET not in line


def test_a_graph_that_does_not_import_is_named(stored: Shell) -> None:
    stored.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    stored.write("graph.py", "import nothing_of_that_name\n")
    stored.run("submit", "mine").complains("graph 'mine'", "graph.py", "nothing_of_that_name")


def test_an_unknown_graph_is_named_with_those_that_are_there(stored: Shell) -> None:
    stored.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    stored.write("graph.py", GRAPH)
    stored.run("submit", "yours").complains("langgraph.json: no graph 'yours'; it has mine")
    stored.run("submit", "mine", "--input", "{").complains("--input: no JSON object")


def test_a_graph_that_may_act_unguarded_is_named_where_that_is_forbidden(stored: Shell) -> None:
    stored.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    stored.write("graph.py", GRAPH)
    strict = stored.with_(PLANGATE_UNGUARDED="forbid")
    strict.run("submit", "mine").complains("graph 'mine'", "names no effects", '"effects": {}')
    found = stored.run("doctor", "--json").findings
    assert found["graphs"]["found"] == "langgraph.json: mine (no effects declared)"
    declared = '{"graphs": {"mine": "./graph.py:graph"}, "plangate": {"mine": {"effects": {}}}}'
    stored.write("langgraph.json", declared)
    assert strict.run("submit", "mine", "--no-wait").code == 0


def test_graphs_that_nobody_named_are_asked_for(stored: Shell) -> None:
    stored.run("submit", "mine").complains("langgraph.json: no such file", "PLANGATE_GRAPHS")


def test_the_doctor_lists_everything_that_is_wrong_with_its_mend(shell: Shell) -> None:
    shell.write("catalogue.yaml", "version: 1\nactions: {note: {tier: MAYBE}}\n")
    shell.write("langgraph.json", '{"graphs": {"mine": "./graph.py:graph"}}')
    shell.write("graph.py", "import nothing_of_that_name\n")
    ill = shell.with_(
        PLANGATE_STORE_URL=f"postgresql://me:{SECRET}@127.0.0.1:1/gates",
        PLANGATE_SCHEMA_REGISTRY_URL=f"http://me:{SECRET}@127.0.0.1:1",
        PLANGATE_KAFKA_SECURITY_PROTOCOL="SASL_PLAINTEXT",
        PLANGATE_KAFKA_SASL_MECHANISM="PLAIN",
        PLANGATE_KAFKA_SASL_PASSWORD=SECRET,
    )
    ended = quick(ill, "doctor", "--json")
    found = ended.findings
    assert ended.code == 1
    assert json.loads(ended.out)["state"] == "wrong"
    assert found.pop("stop file")["state"] == "ok"  # it needs neither Kafka nor the store
    assert {each["state"] for each in found.values()} == {"wrong"}
    assert "sasl.username" in found["Kafka and topics"]["all"]  # no "start one": nobody was asked
    assert "sasl.username" in found["Kafka options"]["all"]
    assert "127.0.0.1:1" in found["schema registry"]["all"]
    assert "PLANGATE_STORE_URL" in found["store"]["all"]
    assert "use REVERSIBLE" in found["catalogue"]["all"]
    assert "nothing_of_that_name" in found["graphs"]["all"]
    assert SECRET not in ended.out + ended.err
    assert ended.err == ""


def test_a_store_that_a_newer_version_migrated_is_named_and_worked_on(stored: Shell) -> None:
    with sqlite3.connect(stored.folder / "plangate.db") as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    found = stored.run("doctor", "--json").findings
    assert found["store"]["state"] == "look"
    assert "schema 9999, newer than this Plangate knows" in found["store"]["found"]
    assert "it stays as it is" in stored.run("store", "upgrade").out
    assert stored.run("pending").code == 0


GRAPH = """\
from typing import TypedDict
from langgraph.graph import END, START, StateGraph
from plangate import Plan, Step, gate


class State(TypedDict, total=False):
    verdict: dict


def ask(state: State) -> State:
    return {"verdict": gate(Plan(steps=[Step("send_email", {"to": "ana"})])).to_dict()}


graph = StateGraph(State).add_node("ask", ask).add_edge(START, "ask").add_edge("ask", END)
"""


def test_in_a_folder_without_a_catalogue_it_is_said_where_one_comes_from(shell: Shell) -> None:
    (shell.folder / "catalogue.yaml").unlink()
    mends = ("catalogue.yaml: no such file", "your project's folder", "plangate init", "PLANGATE_CATALOGUE")
    shell.run("explain", "plan.json").complains(*mends)
    found = quick(shell, "doctor", "--json").findings["catalogue"]
    assert (found["state"], found["found"]) == ("wrong", "catalogue.yaml: no such file")
    assert "plangate init" in found["mend"]
