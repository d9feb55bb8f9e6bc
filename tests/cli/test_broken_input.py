"""A broken file, id or setting: one clear line with the mend."""

from pathlib import Path

import pytest

from plangate.cli.failures import CommandError
from plangate.cli.plan_files import read_plan
from tests.cli.commands import SECRET, Shell

BROKEN_PLANS = {
    "not: [json": ["plan.x:", "neither JSON nor YAML", "write `goal` and `steps`"],
    '{"goal": "x", "steps": [}': ["plan.x:1", "neither JSON nor YAML"],
    "just text": ["a plan is an object"],
    '{"goal": "x"}': ["steps are missing"],
    '{"goal": "x", "stepz": []}': ["unknown field 'stepz'"],
    '{"steps": 3}': ["plan.x", "write `goal` and `steps`"],
    '{"steps": [3]}': ["plan.x", "write `goal` and `steps`"],
    '{"steps": [{"action": "note"}]}': ["step s1", "`action`"],
    '{"steps": [{"action_type": "note", "arguments": 3}]}': ["step s1", "$.arguments"],
    '{"goal": 3, "steps": []}': ["plan.x", "goal"],
    '{"agent": {"nam": 1}, "steps": []}': ["plan.x", "nam"],
    '{"event_id": "x", "steps": []}': ["PlanProposed", "$.event_id"],
    "steps: [{action_type: note, arguments: {n: .nan}}]": ["nan", "no canonical JSON"],
    "steps: [{action_type: note, arguments: {on: 2020-13-45}}]": ["plan.x"],
}


@pytest.mark.parametrize("text", BROKEN_PLANS)
def test_a_plan_file_that_is_wrong_is_named_with_its_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("plan.x").write_text(text)
    with pytest.raises(CommandError) as caught:  # in this process: a command takes a second to start
        read_plan(Path("plan.x"))
    line = str(caught.value)
    assert "\n" not in line
    assert [word for word in BROKEN_PLANS[text] if word not in line] == []


@pytest.mark.parametrize("command", ["explain", "propose"])
def test_a_plan_file_that_is_wrong_is_one_line(shell: Shell, command: str) -> None:
    shell.write("plan.x", '{"goal": "x", "stepz": []}')
    shell.run(command, "plan.x").complains("plan.x: ", "unknown field 'stepz'", "write `goal` and `steps`")


def test_a_plan_of_bytes_is_no_text(shell: Shell) -> None:
    (shell.folder / "plan.x").write_bytes(b"\xff\xfe")
    shell.run("explain", "plan.x").complains("plan.x: byte 0 is no UTF-8", "save it as UTF-8")


def test_a_file_that_is_missing_or_a_folder_is_named(shell: Shell) -> None:
    shell.run("explain", "nowhere.yaml").complains("nowhere.yaml: no such file")
    shell.run("explain", ".").complains(".: is a directory")


def test_a_broken_catalogue_names_file_line_field_value_and_mend(shell: Shell) -> None:
    shell.write("catalogue.yaml", "version: 1\nactions:\n  note:\n    tier: MAYBE\n")
    for command in (["explain", "plan.json"], ["pending"], ["worker"]):
        shell.run(*command).complains(
            "catalogue.yaml:4: actions.note.tier: 'MAYBE' is no tier; use REVERSIBLE"
        )


def test_a_missing_catalogue_is_named(shell: Shell) -> None:
    shell.with_(PLANGATE_CATALOGUE="nowhere.yaml").run("explain", "plan.json").complains("nowhere.yaml")


def test_catalogue_check_says_what_is_wrong_and_fails(shell: Shell) -> None:
    shell.write("bad.yaml", "version: 1\nactions:\n  note:\n    tier: MAYBE\n")
    assert shell.run("catalogue", "check", "bad.yaml").code == 1
    assert shell.run("catalogue", "check", "catalogue.yaml").code == 0
    found = shell.run("catalogue", "check", "bad.yaml", "--json")
    assert '"line":4' in found.out


def test_catalogue_check_notes_what_a_sentence_leaves_out_and_finds_the_rest_in_order(shell: Shell) -> None:
    shell.write("part.yaml", 'version: 1\nactions:\n  pay: {tier: REVERSIBLE, says: "Pay {{ who.name }}"}\n')
    found = shell.run("catalogue", "check", "part.yaml")
    assert "note: part.yaml:3: actions.pay.says: does not print who whole" in found.out
    assert "part.yaml: in order" in found.out
    assert found.code == 0


def test_from_mcp_makes_a_catalogue_that_is_in_order(shell: Shell) -> None:
    tools = '{"tools": [{"name": "wipe", "inputSchema": {"type": "object"}}]}'
    made = shell.run("catalogue", "from-mcp", "-", text=tools)
    shell.write("made.yaml", made.out)
    assert "IRREVERSIBLE" in made.out
    assert shell.run("catalogue", "check", "made.yaml").code == 0


def test_from_mcp_refuses_what_is_no_list_of_tools(shell: Shell) -> None:
    shell.run("catalogue", "from-mcp", "-", text="{").complains("no JSON")
    shell.run("catalogue", "from-mcp", "-", text="[1]").complains("tools[0]")


def test_a_misspelt_variable_is_refused(shell: Shell) -> None:
    line = shell.with_(PLANGATE_STORE_URI="x").run("pending").complains("PLANGATE_STORE_URI: no such setting")
    assert "did you mean PLANGATE_STORE_URL?" in line


def test_a_value_that_does_not_fit_is_named_with_its_variable(shell: Shell) -> None:
    shell.with_(PLANGATE_PARTITIONS="many").run("pending").complains(
        "partitions: 'many'", "PLANGATE_PARTITIONS"
    )


def test_a_toml_file_that_is_none_names_the_line(shell: Shell) -> None:
    shell.write("plangate.toml", "partitions = [\n")
    shell.run("pending").complains("plangate.toml: no TOML", "line")


def test_a_misspelt_key_in_the_toml_file_is_refused(shell: Shell) -> None:
    shell.write("plangate.toml", "catalog = 'x.yaml'\n")
    shell.run("pending").complains("plangate.toml: catalog: no such setting; did you mean catalogue?")


def test_a_configuration_file_that_is_not_there_is_named(shell: Shell) -> None:
    shell.with_(PLANGATE_CONFIG="else.toml").run("pending").complains("PLANGATE_CONFIG: else.toml is no file")


@pytest.mark.parametrize("url", [f"mysql://me:{SECRET}@host/db", SECRET, f"postgresq://me:{SECRET}@h/d"])
def test_a_store_that_is_neither_is_refused_without_its_secret(shell: Shell, url: str) -> None:
    line = shell.with_(PLANGATE_STORE_URL=url).run("pending").complains("store_url", "postgresql://")
    assert SECRET not in line


def test_an_unknown_part_of_a_worker_is_named(shell: Shell) -> None:
    shell.run("worker", "--only", "routr").complains("--only routr", "router, gatekeeper, resumer")


def test_an_unknown_gate_is_named(stored: Shell) -> None:
    stored.run("approve", "3f2a9c1d").complains("no gate that waits matches '3f2a9c1d'", "`plangate pending`")
    stored.run("approve", "abc").complains("'abc' is too short for a gate's id", "8 characters")
    stored.run("approve", "--digest", "3f2a9c1d").complains("too short for a digest", "12 characters")
    stored.run("approve").complains("one gate is needed", "--digest")
    stored.run("show", "abc").complains("no plan and no gate matches 'abc'")


def test_the_demo_with_a_model_but_without_langchain_says_what_to_install(shell: Shell) -> None:
    ended = shell.with_(PLANGATE_DEMO_MODEL="openai:gpt").run("demo")
    ended.complains("langchain is not installed", "unset PLANGATE_DEMO_MODEL")
