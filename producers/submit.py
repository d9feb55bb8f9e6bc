"""Runs a graph until its gate and puts its plan on the way."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from gate_store.pauses import PlanFromState
from gate_store.secret_files import from_environment
from producers.planning import Submitted
from producers.submitter import open_submitter

__all__ = ["NoStoreError", "Submitted", "asubmit", "submit"]


class NoStoreError(ValueError):
    """No store is named: give store_url, or set PLANGATE_STORE_URL."""

    def __init__(self) -> None:
        super().__init__(
            "no store is named: give store_url, or set PLANGATE_STORE_URL, for example "
            "sqlite:///plangate.db or postgresql://user@host/database"
        )


def submit(
    graph: Any,
    input: Any,  # noqa: A002 - LangGraph's own word
    *,
    name: str,
    thread_id: str | None = None,
    config: Mapping[str, Any] | None = None,
    plan_from_state: PlanFromState | None = None,
    store_url: str | None = None,
    graphs_file: Path | None = None,
) -> Submitted:
    """Run a compiled graph until its gate, pause it there and put its plan on the way to `plans`.

    The run lives in Plangate's store (`store_url`, else PLANGATE_STORE_URL, or the file that
    PLANGATE_STORE_URL_FILE names), whatever checkpointer the graph was compiled with; any process that knows
    the graph by `name` (langgraph.json) can resume it. `thread_id` names the run (none: a new one). Submitted
    again while its plan waits, nothing happens and its plan id comes back; after a crash, a plan that was
    left behind is published. `plan_from_state` reads the plan of a graph compiled with `interrupt_before`.
    `graphs_file` is the langgraph.json that names the classes in the state; none: PLANGATE_GRAPHS, or the
    folder's.
    Raises what the graph's nodes raise; SubmitError (NotAtAGateError where the graph stops without a plan, or
    with a state that would not come back as it is); RunBusyError while another process plans on the thread;
    FenceLostError where one took it over; ForeignThreadError where it is of another user of the database;
    NoStoreError; AllowedClassesError; StoreUrlError, UnfitStoreError where the store cannot be used.
    """
    if _in_a_loop():
        raise RuntimeError("submit() would stop this event loop; write `await asubmit(…)`")
    return asyncio.run(
        asubmit(
            graph,
            input,
            name=name,
            thread_id=thread_id,
            config=config,
            plan_from_state=plan_from_state,
            store_url=store_url,
            graphs_file=graphs_file,
        )
    )


async def asubmit(
    graph: Any,
    input: Any,  # noqa: A002 - LangGraph's own word
    *,
    name: str,
    thread_id: str | None = None,
    config: Mapping[str, Any] | None = None,
    plan_from_state: PlanFromState | None = None,
    store_url: str | None = None,
    graphs_file: Path | None = None,
) -> Submitted:
    """`submit` for asyncio. For many runs, keep the connections: `producers.submitter.open_submitter`."""
    url = store_url or from_environment("PLANGATE_STORE_URL")
    if not url:
        raise NoStoreError
    async with open_submitter(url, graphs_file=graphs_file) as submitter:
        return await submitter.submit(
            graph, input, name=name, thread_id=thread_id, config=config, plan_from_state=plan_from_state
        )


def _in_a_loop() -> bool:
    """Looked at apart, so that what a graph raises has no "no running event loop" above it."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return False
    return True
