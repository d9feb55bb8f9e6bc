"""`plangate submit GRAPH`: run a graph until its gate."""

import asyncio
from typing import Annotated, Any

import msgspec
import typer

from gate_store.whereabouts import PlanState, Whereabouts
from plangate.cli.awaiting import hop_behind, in_words, not_taken, where_it_stands
from plangate.cli.failures import CommandError
from plangate.cli.graph_errors import graph_raised
from plangate.cli.output import JsonFlag, print_json, say
from plangate.cli.stores import must_be_there
from plangate.settings import Settings, load_settings
from plangate.wiring import name_agent
from producers.planning import Submitted
from producers.submit import submit as submit_graph
from stream_apps.resumer.graphs import Loaded, load_graphs, refuse_unguarded


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
    must_be_there(settings)
    done = _run(settings, entry, _input(given), thread_id, whole=whole)
    found = where_it_stands(settings, done, 0 if no_wait else wait)
    if found.state is PlanState.PUBLISHED and not no_wait:
        found = hop_behind(settings, found)
        failure: CommandError | None = not_taken(done, found, wait)
    else:
        failure = None
    _report(done, found, failure, as_json=as_json)


def _run(
    settings: Settings, entry: Loaded, given: dict[str, Any], thread_id: str | None, *, whole: bool
) -> Submitted:
    """Raises GraphRaisedError, and what `submit` does."""
    try:
        return submit_graph(
            entry.graph,
            given,
            name=entry.name,
            thread_id=thread_id,
            plan_from_state=entry.plan_from_state,
            store_url=settings.store_url,
            graphs_file=settings.graphs,
        )
    except Exception as error:
        if told := graph_raised(entry.name, error, whole=whole):
            raise told from error
        raise


def _report(done: Submitted, found: Whereabouts, failure: CommandError | None, *, as_json: bool) -> None:
    """In JSON on stdout, whatever came of it; what is not well on stderr, too. Raises CommandError."""
    if as_json:
        print_json(
            {
                "thread_id": done.thread_id,
                "plan_id": done.plan_id,
                "gate_id": found.gate_id,
                "state": found.state,
                "hop": found.hop,
                "decided": found.decided,
            }
        )
    if failure:
        raise failure
    words = in_words(done, found)
    if not as_json:
        say(words)


def _input(text: str) -> dict[str, Any]:
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.DecodeError as error:
        raise CommandError(f"--input: no JSON object ({error})", "give one, such as '{\"n\": 1}'") from error
