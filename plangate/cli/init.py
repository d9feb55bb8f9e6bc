"""Makes a project to begin with."""

from pathlib import Path
from shlex import quote

from plangate.cli.command_name import command_name
from plangate.cli.failures import CommandError
from plangate.cli.new_project import WHAT, graph_name, make
from plangate.cli.output import copied, indented, say


def init(folder: Path) -> None:
    """Make it there, and say what is next. Raises CommandError where it would overwrite or cannot write."""
    graph = graph_name(folder)
    if not graph:
        problem = f"{folder}: no letter a to z and no digit in its name, to name the graph by"
        raise CommandError(problem, "name the folder otherwise")
    try:
        make(folder, graph)
    except FileExistsError as error:
        raise CommandError(
            f"{error.filename} is there already", "give another folder; nothing is overwritten"
        ) from error
    except OSError as error:
        problem = f"{error.filename or folder}: {(error.strerror or str(error)).lower()}"
        raise CommandError(problem, "give a folder that can be written") from error
    say(f"Made a project in {folder}, with a graph named {graph}:")
    for name, what in WHAT.items():
        indented(f"{name:<15} {what}", 2)
    say("")
    plangate = command_name(folder)
    enter = f"cd {quote(str(folder))} && " if folder.resolve() != Path.cwd() else ""
    say("Next, start Plangate:")
    copied(f"{enter}{plangate} dev")
    say("and in a second shell let the agent ask:")
    copied(f'{enter}{plangate} submit {graph} --input \'{{"orders": ["A17", "B42"]}}\'')
