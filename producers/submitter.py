"""Submits graphs to one store, over connections that it keeps."""

import os
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

from sqlalchemy import Engine

from gate_events.tracing import ROLE, THREAD_ID, process_tracer, span_of
from gate_store.database import Clock, open_store, utc_now
from gate_store.pauses import PlanFromState
from gate_store.savers.allowed_classes import allowed_classes, file_in_force
from gate_store.savers.open import open_saver
from gate_store.state_types import state_types
from producers.planning import Planning, Submitted, in_store
from producers.run_config import AnyGraph, compiled, run_config
from producers.standing import Waiting, take

LEASE_S = 30.0


class Submitter:
    """Runs graphs until their gate and puts their plans on the way; many at once. See `open_submitter`."""

    def __init__(self, store: Engine, saver: Any, lease_s: float, now: Clock) -> None:
        self._store = store
        self._saver = saver
        self._lease_s = lease_s
        self._now = now
        self._copies: WeakKeyDictionary[AnyGraph, AnyGraph] = WeakKeyDictionary()
        self._worker = f"submit@{socket.gethostname()}:{os.getpid()}"

    async def submit(
        self,
        graph: Any,
        input: Any,  # noqa: A002 - LangGraph's own word
        *,
        name: str,
        thread_id: str | None = None,
        config: Mapping[str, Any] | None = None,
        plan_from_state: PlanFromState | None = None,
    ) -> Submitted:
        """Run `graph` until its gate. Arguments and errors: `producers.submit.submit`."""
        settled = run_config(config, thread_id, name)
        thread = settled["configurable"]["thread_id"]
        with span_of(process_tracer(), "submit", {THREAD_ID: thread, ROLE: "agent"}):
            return await self._until_gate(graph, input, name, thread, settled, plan_from_state)

    async def _until_gate(
        self,
        graph: Any,
        input: Any,  # noqa: A002 - LangGraph's own word
        name: str,
        thread: str,
        settled: Any,
        plan_from_state: PlanFromState | None,
    ) -> Submitted:
        runnable = self._on_our_saver(compiled(graph, thread))
        taken = await in_store(self._store, take, thread, name, self._worker, self._lease_s, self._now())
        if isinstance(taken, Waiting):
            return Submitted(thread, taken.plan_id, finished=False)
        planning = Planning(
            self._store,
            runnable,
            name,
            thread,
            taken.token,
            settled,
            plan_from_state,
            self._lease_s,
            self._now,
        )
        self._saver.fences.set(thread, taken.token)
        try:
            return await planning.until_gate(input)
        finally:
            self._saver.fences.drop(thread)

    def _on_our_saver(self, graph: AnyGraph) -> AnyGraph:
        if graph not in self._copies:
            saver = self._saver.with_allowlist(state_types(graph))
            self._copies[graph] = graph.copy({"checkpointer": saver})
        return self._copies[graph]


@asynccontextmanager
async def open_submitter(
    store_url: str, *, lease_s: float = LEASE_S, now: Clock = utc_now, graphs_file: Path | None = None
) -> AsyncIterator[Submitter]:
    """A submitter to the store at `store_url`. A run whose process is silent for `lease_s` is an orphan.

    `graphs_file` is the langgraph.json that says which classes checkpoints bring back; none: PLANGATE_GRAPHS,
    or the folder's. Raises AllowedClassesError where it says so wrongly.
    """
    allowed = allowed_classes(graphs_file or file_in_force())
    store = open_store(store_url)
    try:
        async with open_saver(store_url, allowed) as saver:
            yield Submitter(store, saver, lease_s, now)
    finally:
        store.dispose()
