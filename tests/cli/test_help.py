"""`--help` teaches, and is quick."""

import subprocess
import sys

import pytest

from plangate.cli import failures
from plangate.cli.main import MODULE_OF
from tests.cli.commands import Shell

EXAMPLES = {
    "propose": "plangate propose plan.yaml",
    "edit": "--drop s4 --drop s7",
    "submit": '--input \'{"customers"',
    "dev": "plangate dev --broker apache",
    "worker": "--only resumer --resumers 4",
}


@pytest.mark.parametrize("command", EXAMPLES)
def test_help_shows_an_example(shell: Shell, command: str) -> None:
    assert EXAMPLES[command] in shell.run(command, "--help").out


def test_help_names_every_command(shell: Shell) -> None:
    said = shell.run("--help").out
    assert [name for name in MODULE_OF if f" {name} " not in said] == []


def test_a_word_that_is_no_command_is_a_usage_error(shell: Shell) -> None:
    ended = shell.run("aprove")
    assert ended.code == 2
    assert "No such command 'aprove'" in ended.err


def loaded(code: str, *names: str) -> str:
    """Which of these modules that code loads, in a process of its own."""
    code = f"{code}\nimport sys\nprint(*sorted({set(names)!r} & set(sys.modules)))"
    return subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    ).stdout.strip()


def test_commands_load_neither_faust_nor_langgraph_nor_alembic() -> None:
    code = """
from plangate.cli.main import application
for command in ("--version", "pending", "approve", "propose", "runs"):
    application([command])
"""
    assert loaded(code, "typer", "faust", "langgraph", "alembic", "aiokafka") == "typer"


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
