"""What `plangate submit` does."""

import asyncio
from typing import Any

import msgspec

from gate_store.whereabouts import PlanState, Whereabouts
from plangate.cli.awaiting import hop_behind, in_words, not_taken, where_it_stands
from plangate.cli.failures import CommandError
from plangate.cli.graph_errors import graph_raised
from plangate.cli.output import print_json, say, say_missing
from plangate.cli.stopped import what_is_stopped
from plangate.cli.stores import must_be_there, reading
from plangate.settings import Settings, load_settings
from plangate.wiring import name_agent
from producers.planning import Submitted
from producers.submit import submit as submit_graph
from stream_apps.resumer.graphs import Loaded, load_graphs, refuse_unguarded


def submit(
    graph: str, given: str, thread_id: str | None, wait: float | None, *, whole: bool, as_json: bool
) -> None:
    """Run a graph until its gate, and look for `wait` seconds what becomes of its plan; None: do not look.

    `whole`: with the whole traceback of a graph that raises.
    Raises CommandError, NotTakenError, PlanRefusedError, GraphRaisedError.
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
    found = where_it_stands(settings, done, wait or 0)
    if found.state is PlanState.PUBLISHED and wait is not None:
        found = hop_behind(settings, found)
        failure: CommandError | None = not_taken(done, found, wait)
    else:
        failure = None
    with reading(settings) as conn:
        stops = what_is_stopped(settings, conn)
    say_missing(stops, as_json=as_json)
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
