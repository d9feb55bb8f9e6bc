"""`plangate submit GRAPH`: run a graph until its gate."""

from typing import Annotated

import typer

from plangate.cli.options import JsonFlag


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(submit)


def submit(
    graph: Annotated[str, typer.Argument(help="The graph's name in langgraph.json.")],
    given: Annotated[str, typer.Option("--input", help="The graph's input, a JSON object.")] = "{}",
    thread_id: Annotated[str | None, typer.Option(help="The thread; the same again is harmless.")] = None,
    wait: Annotated[float, typer.Option(min=0, help="Seconds for somebody to take its plan.")] = 15,
    no_wait: Annotated[bool, typer.Option("--no-wait", help="Do not look what becomes of it.")] = False,
    whole: Annotated[
        bool, typer.Option("--traceback", help="Where the graph raises: its whole traceback.")
    ] = False,
    as_json: JsonFlag = False,
) -> None:
    """Run a graph until its gate, publish its plan and wait until the gate is open or needed none.

    `plangate worker` resumes the run once it is decided. Exit code 3: the plan is published, and nobody has
    taken it within --wait. 4: it was refused, and the run waits.

    Example: `plangate submit billing --input '{"customers": ["c7"]}' --thread-id night-1`
    """
    from plangate.cli.submit import submit as run_to_its_gate

    run_to_its_gate(graph, given, thread_id, None if no_wait else wait, whole=whole, as_json=as_json)
