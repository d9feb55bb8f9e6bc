"""`plangate submit GRAPH`: run a graph until its gate."""

import asyncio
from typing import Annotated, Any

import msgspec
import typer

from plangate.cli.failures import CommandError
from plangate.cli.output import JsonFlag, print_json, say
from plangate.settings import load_settings
from plangate.wiring import name_agent
from producers.submit import submit as submit_graph
from stream_apps.resumer.graphs import load_graphs, refuse_unguarded


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command()(submit)


def submit(
    graph: Annotated[str, typer.Argument(help="The graph's name in langgraph.json.")],
    given: Annotated[str, typer.Option("--input", help="The graph's input, a JSON object.")] = "{}",
    thread_id: Annotated[str | None, typer.Option(help="The thread; the same again is harmless.")] = None,
    as_json: JsonFlag = False,
) -> None:
    """Run a graph until its gate and publish its plan. `plangate worker` resumes it once it is decided.

    Example: `plangate submit billing --input '{"customers": ["c7"]}' --thread-id night-1`
    """
    settings = load_settings()
    name_agent(settings)
    if not settings.graphs.is_file():
        mend = 'write {"graphs": {"NAME": "./file.py:graph"}} there, or set PLANGATE_GRAPHS'
        raise CommandError(f"{settings.graphs}: no such file", mend)
    loaded = asyncio.run(load_graphs(settings.graphs))
    if graph not in loaded:
        raise CommandError(f"{settings.graphs}: no graph {graph!r}", f"it has {', '.join(sorted(loaded))}")
    entry = loaded[graph]
    if settings.unguarded == "forbid":
        refuse_unguarded([entry])
    done = submit_graph(
        entry.graph,
        _input(given),
        name=graph,
        thread_id=thread_id,
        plan_from_state=entry.plan_from_state,
        store_url=settings.store_url,
        graphs_file=settings.graphs,
    )
    if as_json:
        print_json({"thread_id": done.thread_id, "plan_id": done.plan_id, "finished": done.finished})
    elif done.finished:
        say(f"run {done.thread_id} ended without a gate")
    else:
        say(f"run {done.thread_id} waits at the gate; its plan is {done.plan_id}")


def _input(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CommandError(f"--input: no JSON object ({error})", "give one, such as '{\"n\": 1}'") from error
