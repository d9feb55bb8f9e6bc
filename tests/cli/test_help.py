"""`--help` teaches, and is quick."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer
from click import Context
from typer.testing import CliRunner

from plangate.cli import application as cli_application
from plangate.cli import failures
from plangate.cli.application import application
from plangate.cli.lazy_group import command
from plangate.cli.main import main
from plangate.cli.table import TABLE
from tests.cli.commands import CATALOGUE, PLAN, Shell
from tests.stores import migrated

EXAMPLES = {
    "propose": "plangate propose plan.yaml",
    "edit": "--drop s4 --drop s7",
    "submit": '--input \'{"customers"',
    "dev": "plangate dev --broker apache",
    "worker": "--only resumer --resumers 4",
}


@pytest.mark.parametrize("name", EXAMPLES)
def test_help_shows_an_example(shell: Shell, name: str) -> None:
    assert EXAMPLES[name] in shell.run(name, "--help").out


def test_help_names_every_command(shell: Shell) -> None:
    said = [line.strip("│ ").split(maxsplit=1) for line in shell.run("--help").out.splitlines()]
    assert [name for name, row in TABLE.items() if [name, row.help] not in said] == []


@pytest.mark.parametrize("name", TABLE)
def test_the_table_says_the_first_paragraph_of_a_commands_own_help(name: str) -> None:
    assert " ".join(command(name).help.split("\n\n")[0].split()) == TABLE[name].help


def leaves(name: str) -> dict[str, Any]:
    """A command, or those of a group, as they are called."""
    found = command(name)
    inner = getattr(found, "commands", None)
    return {f"{name} {each}": inner[each] for each in inner} if inner else {name: found}


def helped(arguments: str) -> str:
    """What `plangate` prints, in this process."""
    ended = CliRunner().invoke(application(), arguments.split())
    assert ended.exit_code == 0, ended.output
    return ended.output


@pytest.mark.parametrize("name", TABLE)
def test_usage_names_arguments_in_capitals_and_flags_have_no_type(name: str) -> None:
    for called, found in leaves(name).items():
        context = Context(found, info_name=called)
        usage = found.get_usage(context).split(called, 1)[1]
        assert re.fullmatch(r"( \[?[A-Z_]+\]?)*", usage.replace("\n", " ").rstrip()), usage
        assert "<bool>" not in found.get_help(context)


@pytest.mark.parametrize("asked", ["", "retry", "dead-letters", "dead-letters show"])
def test_help_is_a_word_too(asked: str) -> None:
    assert helped(f"help {asked}") == helped(f"{asked} --help")


def test_what_waits_for_ctrl_c_loads_nothing_before() -> None:
    assert loaded("import plangate.cli.main", "typer", "rich", "pydantic", "msgspec") == ""


@pytest.mark.parametrize("within_a_command", [False, True])
def test_ctrl_c_is_one_line(
    within_a_command: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    if within_a_command:
        app = typer.Typer()
        app.command()(interrupted)
        monkeypatch.setattr(sys, "argv", ["plangate"])
        monkeypatch.setattr(cli_application, "run", app)
    else:
        monkeypatch.setattr(cli_application, "run", interrupted)
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 130
    assert capsys.readouterr() == ("", "plangate: interrupted\n")


def completed(shell: Shell, typed: str) -> list[str]:
    """What a shell completes after this."""
    words = {"COMP_WORDS": typed, "COMP_CWORD": str(typed.count(" "))}
    return shell.with_(_PLANGATE_COMPLETE="complete_bash", **words).run().out.split()


def test_a_shell_completes_commands_and_their_options(shell: Shell) -> None:
    assert completed(shell, "plangate re") == ["reject", "respond", "resolve", "retry"]
    assert completed(shell, "plangate catalogue ch") == ["check"]
    assert completed(shell, "plangate resolve --h") == ["--happened", "--help"]


def test_a_word_that_is_no_command_is_a_usage_error(shell: Shell) -> None:
    ended = shell.run("aprove")
    assert ended.code == 2
    assert "No such command 'aprove'" in ended.err


def loaded(code: str, *names: str) -> str:
    """Which of these modules that code loads, in a process of its own."""
    code = f"{code}\nimport sys\nprint(*sorted({set(names)!r} & set(sys.modules)), file=sys.stderr)"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stderr.strip()


KAFKA = ("confluent_kafka", "faust", "aiokafka")
GRAPHS = ("langgraph", "langchain_core", "langsmith")
STORE = ("sqlalchemy", "alembic", "psycopg", "asyncpg", "aiosqlite")
OTHERS = ("plangate.settings", "gate_policy.catalogue", "jinja2", "fastavro", "msgspec", "httpx", "asyncio")
COMMANDS = """
from typer.main import get_command
from plangate.cli.application import application

def run(*arguments):
    get_command(application())(arguments, standalone_mode=False)
"""


def test_no_help_loads_what_does_the_work() -> None:
    code = f"""{COMMANDS}
from plangate.cli.main import main
from plangate.cli.table import TABLE
for arguments in (["--help"], ["--version"], *([name, "--help"] for name in TABLE)):
    run(*arguments)
"""
    assert loaded(code, "typer", *KAFKA, *GRAPHS, *STORE, *OTHERS) == "typer"


def test_what_needs_neither_kafka_nor_graphs_loads_neither(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    migrated(f"sqlite:///{tmp_path}/plangate.db")
    Path("catalogue.yaml").write_text(CATALOGUE)
    Path("plan.json").write_text(PLAN)
    code = f"""{COMMANDS}
from contextlib import suppress
from gate_store.lookup import NoSuchGateError
run("store", "roles")
run("catalogue", "check", "catalogue.yaml")
run("explain", "plan.json")
run("pending")
run("runs")
with suppress(NoSuchGateError):
    run("show", "00000000")
"""
    assert loaded(code, "sqlalchemy", *KAFKA, *GRAPHS) == "sqlalchemy"


def test_an_upgrade_of_the_store_loads_langgraphs_checkpoints_and_neither_graphs_nor_kafka(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code = f'{COMMANDS}run("store", "upgrade")'
    names = ("langgraph.checkpoint", "langgraph.graph", "langgraph.pregel", "langsmith")
    assert loaded(code, *names, *KAFKA) == "langgraph.checkpoint"


def test_who_imports_plangate_loads_neither_kafka_nor_graphs_until_a_name_needs_them() -> None:
    everything = (*KAFKA, *GRAPHS, *STORE, "msgspec")
    assert loaded("import plangate", "plangate", *everything) == "plangate"


def test_the_process_of_the_apps_loads_neither_graphs_nor_migrations() -> None:
    code = "import plangate.worker.apps, stream_apps.run"
    assert loaded(code, "faust", "langgraph.graph", "langsmith", "alembic") == "faust"


def test_the_process_of_a_resumer_loads_neither_faust_nor_migrations_nor_a_registrys_client() -> None:
    others = ("faust", "aiohttp", "alembic", "authlib", "confluent_kafka.schema_registry")
    assert loaded("import plangate.worker.resumer", "langgraph.graph", *others) == "langgraph.graph"


def test_every_failure_that_speaks_for_itself_exists() -> None:
    for name in failures.SPEAK_FOR_THEMSELVES | failures.STORE:
        module, _, kind = name.rpartition(".")
        __import__(module)
        assert issubclass(getattr(sys.modules[module], kind), Exception), name
