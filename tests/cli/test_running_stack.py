"""Every command on a stack that runs, as `plangate dev` starts it."""

import json
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from confluent_kafka import Producer

from gate_events.codec import decode
from gate_events.records import PlanProposed
from gate_store import queries
from plangate.kafka.reading import read_all
from plangate.settings import Settings
from tests.cli.commands import SECRET
from tests.cli.project import Project, running, until


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    """A project on the mock cluster and SQLite, shared by this module: each test has runs of its own."""
    with running(tmp_path_factory.mktemp("project")) as running_project:
        yield running_project


def plan_text(to: str) -> str:
    arguments = {"to": to, "token": SECRET}
    return json.dumps({"goal": "g", "steps": [{"action_type": "send_email", "arguments": arguments}]})


def test_a_plan_from_a_file_and_the_same_from_standard_input_is_gated_once(project: Project) -> None:
    text = plan_text(f"{uuid.uuid4()}")
    project.write("plan.json", text)
    first = project.run("propose", "plan.json", "--json").json
    second = project.run("propose", "-", "--json", text=text).json
    assert first == second
    project.waiting(first["plan_id"])
    assert len(project.run("show", first["plan_id"], "--json").json["gates"]) == 1


def test_a_plan_may_be_yaml(project: Project) -> None:
    text = f"goal: g\nsteps:\n- action_type: send_email\n  arguments: {{to: {uuid.uuid4()}, token: t}}\n"
    plan_id = project.run("propose", "-", "--json", text=text).json["plan_id"]
    assert project.waiting(plan_id)["goal"] == "g"


def test_the_beginning_of_an_id_that_pending_prints_works_in_approve(project: Project) -> None:
    gate = project.asked("approved", "ana")
    shown = project.run("pending").out
    words = {word for line in shown.splitlines() for word in line.split() if len(word) == 8}
    [beginning] = [word for word in words if gate["request_id"].startswith(word)]
    said = project.run("approve", beginning, "--yes", "--by", "ben", "--json").json
    assert (said["kind"], said["fate"]) == ("APPROVE", "DECIDED")
    assert project.done("approved") == [f"s1 {{'to': 'ana', 'token': '{SECRET}'}}"]
    assert project.ended("approved") == "DONE"
    project.run("approve", beginning, "--yes", "--by", "ben").complains("is APPROVED already")


@pytest.mark.parametrize("dashes", [True, False])
def test_ids_are_found_with_and_without_dashes(project: Project, dashes: bool) -> None:
    gate = project.asked(f"dashes-{dashes}", "ana")
    id_ = gate["request_id"] if dashes else uuid.UUID(gate["request_id"]).hex
    assert project.run("show", id_[:20], "--json").json["plan_id"] == gate["plan_id"]
    assert project.run("reject", id_[:20], "--yes", "--by", "ben").code == 0


def test_show_lists_every_step_and_hides_secrets_unless_asked(project: Project) -> None:
    gate = project.asked("shown", *(f"customer-{number}" for number in range(60)))
    shown, raw = project.run("show", gate["plan_id"]), project.run("show", gate["plan_id"], "--raw")
    assert sum("Email customer-" in line for line in shown.out.splitlines()) >= 60
    plain = project.run("show", gate["plan_id"], "--json")
    assert SECRET not in shown.out + plain.out + project.run("pending", "--json").out
    assert SECRET in raw.out
    assert SECRET in project.run("show", gate["plan_id"], "--raw", "--json").out
    assert project.run("approve", gate["request_id"], "--yes", "--by", "ben").code == 0
    assert len(project.done("shown", 60)) == 60
    assert SECRET not in project.run("show", gate["plan_id"], "--json").out  # the verdict has the steps too


def test_explain_says_why_step_by_step(project: Project) -> None:
    lines = project.run("explain", "-", "--json", text=plan_text("ana")).json
    assert lines[0].startswith("The plan is IRREVERSIBLE")
    assert any("send_email is IRREVERSIBLE (tier 3) in the catalogue" in line for line in lines)


def test_an_edit_drops_steps(project: Project) -> None:
    gate = project.asked("dropped", "ana", "bob", "cyn")
    project.run("edit", gate["request_id"], "--yes", "--drop", "s9").complains(
        "no steps s9", "`plangate show ID`"
    )
    said = project.run(
        "edit", gate["request_id"], "--yes", "--drop", "s1", "--drop", "s3", "--by", "ben", "--json"
    ).json
    assert said["fate"] == "DECIDED"
    assert project.ended("dropped") == "DONE"
    assert [line.split()[0] for line in project.done("dropped")] == ["s2"]


def test_an_edit_takes_the_steps_of_a_file(project: Project) -> None:
    gate = project.asked("filed", "ana", "bob")
    steps = gate["steps"][:1]
    steps[0]["arguments"]["to"] = "anna"
    project.write("steps.json", json.dumps(steps))
    assert project.run("edit", gate["request_id"], "--yes", "steps.json", "--by", "ben").code == 0
    assert project.done("filed") == [f"s1 {{'to': 'anna', 'token': '{SECRET}'}}"]


def test_an_edit_in_the_editor_hides_secrets_and_keeps_them(project: Project) -> None:
    gate = project.asked("edited", "ana")
    editor = project.folder / "editor.sh"
    editor.write_text('#!/bin/sh\ncp "$1" seen.yaml\nsed -i s/ana/anna/ "$1"\n')
    editor.chmod(0o755)
    told = Project(project.folder, {**project.environment, "EDITOR": str(editor)})
    assert told.run("edit", gate["request_id"], "--yes", "--by", "ben").code == 0
    assert project.done("edited") == [f"s1 {{'to': 'anna', 'token': '{SECRET}'}}"]
    assert SECRET not in (project.folder / "seen.yaml").read_text()


def test_without_a_terminal_an_edit_asks_for_a_file_instead_of_an_editor(project: Project) -> None:
    gate = project.asked("no terminal", "ana")
    no_editor = Project(project.folder, {**project.environment, "EDITOR": "", "VISUAL": ""})
    no_editor.run("edit", gate["request_id"]).complains("no terminal for an editor", "--drop")


@pytest.mark.parametrize("editor", ["/no/such/editor", "false"])
def test_an_editor_that_is_missing_or_fails_is_one_line(project: Project, editor: str) -> None:
    gate = project.asked(f"no editor {editor}", "ana")
    told = Project(project.folder, {**project.environment, "EDITOR": editor, "VISUAL": ""})
    told.run("edit", gate["request_id"], "--yes").complains(
        editor, "set EDITOR, or give a file with the steps, or --drop"
    )


def test_a_rejected_graph_sees_the_note(project: Project) -> None:
    gate = project.asked("rejected", "ana")
    assert (
        project.run("reject", gate["request_id"], "--yes", "--note", "they have paid", "--by", "ben").code
        == 0
    )
    assert project.done("rejected") == ["REJECTED they have paid"]


def test_a_response_reaches_the_graph_and_nothing_runs(project: Project) -> None:
    gate = project.asked("answered", "ana")
    assert project.run("respond", gate["request_id"], "--yes", "--note", "why her?", "--by", "ben").code == 0
    assert project.done("answered") == ["RESPONDED why her?"]


def test_the_proposer_takes_its_plan_back_but_cannot_approve_it(project: Project) -> None:
    gate = project.asked("withdrawn", "ana")
    approved = project.run("approve", gate["request_id"], "--yes", "--by", gate["proposer"])
    approved.complains("REFUSED", "never decides on it", "nothing was changed")
    project.run("withdraw", gate["request_id"], "--yes", "--by", "ben").complains(
        "REFUSED", "only the proposer"
    )
    project.run("withdraw", gate["request_id"], "--yes").complains("REFUSED", "only the proposer")
    assert project.run("withdraw", gate["request_id"], "--yes", "--by", gate["proposer"]).code == 0
    assert project.done("withdrawn")[0].startswith("WITHDRAWN")


def test_what_ran_is_confirmed(project: Project) -> None:
    gate = project.waiting(project.submit("kept", "tag", {"who": "kept"}), "AFTER")
    assert project.run("confirm", gate["request_id"], "--yes", "--by", "ben").code == 0


def test_what_is_undone_is_a_plan_of_its_own_that_the_worker_executes_once_approved(project: Project) -> None:
    ran = project.submit("undone", "tag", {"who": "ann"})
    gate = project.waiting(ran, "AFTER")
    done = project.run("undo", gate["request_id"], "--yes", "--by", "ben", "--wait", "60", "--json")
    assert (done.code, done.json["state"]) == (0, "OPEN")  # untag is high_stakes
    assert "nobody is known" not in done.err
    undo = done.json["undo_plan_id"]
    assert project.run("approve", done.json["gate_id"], "--yes", "--by", "cyn").code == 0
    assert project.done("untagged") == ["undo-s1 ann"]

    def told() -> Any:
        shown = project.run("show", ran, "--json").json["undo_plans"]
        return shown if shown[0]["state"] == "DONE" else None

    assert [each["plan_id"] for each in until(told)] == [undo]
    words = " ".join(project.run("show", ran).out.split())
    assert f"undone by plan {undo}, which is DONE" in words


@pytest.mark.parametrize(
    ("action", "arguments", "states"),
    [
        ("send_email", {"to": "ana", "token": SECRET}, {"OPEN"}),
        ("note", {"text": "hi"}, {"CLEARED", "ENDED"}),
    ],
    ids=["a gate is open", "none was needed"],
)
def test_submit_returns_when_its_plan_was_taken(
    project: Project, action: str, arguments: dict[str, str], states: set[str]
) -> None:
    given = json.dumps({"run": f"taken {action}", "action": action, "arguments": [arguments]})
    told = project.run("submit", "mine", "--input", given, "--wait", "60", "--json").json
    assert (told["state"] in states, told["hop"]) == (True, None)
    with project.store() as conn:
        waiting = {each["request_id"]: each["plan_id"] for each in queries.pending(conn, limit=1000)}
    assert waiting.get(told["gate_id"]) == (told["plan_id"] if told["gate_id"] else None)


def test_runs_are_listed_by_state(project: Project) -> None:
    project.submit("note", "note", {"text": "hello"})
    assert project.ended("note") == "DONE"
    states = {row["status"] for row in project.run("runs", "--status", "DONE", "--json").json}
    assert states == {"DONE"}


def test_a_malformed_record_is_a_dead_letter_and_is_not_put_back(project: Project) -> None:
    producer = Producer({"bootstrap.servers": project.environment["PLANGATE_KAFKA_BOOTSTRAP_SERVERS"]})
    producer.produce("plans", b"\x00garbage", b"key", headers=[("mine", b"1")])
    assert producer.flush(10) == 0
    letter = until(lambda: project.run("dead-letters", "list", "--json").json)[0]
    whole = project.run("dead-letters", "show", letter["id"][:8], "--json").json
    assert (whole["topic"], whole["value"]) == ("plans", b"\x00garbage".hex())
    assert whole["error"]
    project.run("dead-letters", "replay", letter["id"]).complains("it is no PlanProposed")
    assert project.run("dead-letters", "discard", letter["id"]).code == 0
    assert letter["id"] not in {row["id"] for row in project.run("dead-letters", "list", "--json").json}
    project.run("dead-letters", "show", "nothing").complains("no dead letters begin with 'nothing'")
    assert project.run("propose", "-", text=plan_text("after the letters")).code == 0


@pytest.mark.slow
def test_a_replay_after_the_mend_is_gated_once_however_often(project: Project) -> None:
    text = plan_text(f"{uuid.uuid4()}")
    plan = until(lambda: project.run("propose", "-", "--json", text=text).json)
    project.waiting(plan["plan_id"])
    letter = {"event_id": "mended", "topic": "plans", "partition": "0", "offset": "0", "error": "x"}
    headers: dict[str, str | bytes | None] = {f"plangate_{name}": text for name, text in letter.items()}
    producer = Producer({"bootstrap.servers": project.environment["PLANGATE_KAFKA_BOOTSTRAP_SERVERS"]})
    producer.produce("dead-letters", _proposal_on_kafka(project, plan["plan_id"]), b"k", headers=headers)
    assert producer.flush(10) == 0
    for _ in range(2):
        assert project.run("dead-letters", "replay", "mended", "--unproven").code == 0
    later = project.run("propose", "-", "--json", text=plan_text(f"{uuid.uuid4()}")).json
    project.waiting(later["plan_id"])
    assert len(project.run("show", plan["plan_id"], "--json").json["gates"]) == 1


def _proposal_on_kafka(project: Project, plan_id: str) -> bytes:

    servers = project.environment["PLANGATE_KAFKA_BOOTSTRAP_SERVERS"]
    settings = Settings(kafka={"bootstrap.servers": servers})
    for message in read_all(settings, "plans"):
        value = message.value()
        assert isinstance(value, bytes)
        if value.startswith(b"\xc3\x01") and str(decode(value, PlanProposed).plan_id) == plan_id:
            return value
    raise AssertionError(f"plan {plan_id} is not on Kafka")


def test_a_stack_that_is_well_satisfies_the_doctor(project: Project) -> None:
    ended = project.run("doctor", "--json")
    assert [what for what, each in ended.findings.items() if each["state"] == "wrong"] == []
    assert ended.code in (0, 2)  # tests before this one left dead letters
    parts = ("router", "gatekeeper", "resumer", "versions", "catalogue in force", "outbox")
    assert {ended.findings[what]["state"] for what in parts} == {"ok"}
    assert project.run("topics", "check").code == 0
    assert project.run("store", "upgrade", "--json").json == {"behind": None}


def test_the_file_with_the_stores_address_is_for_its_owner_alone(project: Project) -> None:
    assert (project.folder / ".plangate" / "env").stat().st_mode & 0o777 == 0o600
