"""How a run ended, for whoever submitted it."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from gate_events.verdict_words import message_on
from gate_events.words import GateState
from gate_store.database import open_store
from gate_store.queued_plans import QUEUED
from gate_store.run_ends import RunStands, StepEnd, where_run_stands
from gate_store.savers.allowed_classes import allowed_classes, file_in_force
from gate_store.savers.open import open_saver
from gate_store.savers.serde import NotRestoredError, RefusedBlobError
from gate_store.secret_files import from_environment
from gate_store.state_types import state_types
from producers.store_watch import FIRST_LOOK_S, LONGEST_LOOK_S, StoreWatch
from producers.submit import NoStoreError

_AS_APPROVED = (None, "APPROVED", "CLEARED")
_INTERNAL = ("__", "branch:")  # LangGraph's own channels


class NotEndedError(TimeoutError):
    """Run {thread_id} has not ended in {timeout_s} s: it is {status}."""

    def __init__(self, stands: RunStands, timeout_s: float, outage: Exception | None = None) -> None:
        at = f" at plan {stands.plan_id}" if stands.plan_id else ""
        it_is = (
            f"it was {stands.status}{at} when the store last answered"
            if outage
            else f"it is {stands.status}{at}"
        )
        waits = f", which waits: {QUEUED}" if stands.is_queued else ""
        super().__init__(
            f"run {stands.thread_id} has not ended in {timeout_s:g} s: {it_is}{waits};"
            f" wait longer, or see `plangate pending`"
        )
        self.stands = stands


@dataclass(frozen=True)
class RunOutcome:
    """How a run ended.

    `status` is DONE, FAILED or STALE; `error` says why it is not DONE, or what is to be said of it. `decided`
    is what was decided on its last plan, and `decided_by` by whom: APPROVED, REJECTED, RESPONDED, EXPIRED or
    WITHDRAWN, CLEARED where nobody had to be asked, None without a plan; `note` has their words, and `again`
    says whether that plan was asked about before. `steps` are the steps of that plan
    that began, each with its result. `output` is the graph's final state, None unless the run is DONE.
    What cannot be read is None, and named in `unread`, by its field, with the reason.
    """

    thread_id: str
    graph: str
    status: str
    plan_id: UUID | None
    decided: str | None
    decided_by: str | None
    error: str
    steps: Sequence[StepEnd] | None
    output: Any
    unread: dict[str, str]
    note: str = ""
    again: bool = False

    @property
    def message(self) -> str:
        """What it means that its last plan was not approved, and the reviewer's words; else nothing."""
        if self.decided in _AS_APPROVED:
            return ""
        again = self.again or bool(self.steps)
        return message_on(GateState(self.decided), self.decided_by or "", self.note, again=again)


async def outcome(
    thread_id: str,
    *,
    graph: Any = None,
    timeout_s: float | None = None,
    store_url: str | None = None,
    graphs_file: Path | None = None,
) -> RunOutcome:
    """Wait until the run of this thread ends, and return how.

    A run that waits for a human has not ended. A store that answered once, and then does not, is waited for.
    `graph` says which classes its state has, and what of it is its output; without it, the output is the
    whole state, of classes that `graphs_file` (langgraph.json) names. `timeout_s` is in seconds; None: for
    ever. `store_url` as in `submit`.
    Raises NotEndedError (a TimeoutError) when time is up; NoSuchRunError; NoStoreError; AllowedClassesError;
    StoreUrlError, UnfitStoreError where the store cannot be used.
    """
    url = store_url or from_environment("PLANGATE_STORE_URL")
    if not url:
        raise NoStoreError
    allowed = [*allowed_classes(graphs_file or file_in_force()), *(state_types(graph) if graph else ())]
    store = open_store(url, pool_size=1)
    try:
        stands = await _ended(store, thread_id, timeout_s)
    finally:
        store.dispose()
    output, why = await _output(url, allowed, stands, graph)
    return _told(stands, output, {"output": why} if why else {})


async def _ended(store: Engine, thread_id: str, timeout_s: float | None) -> RunStands:
    loop, pause = asyncio.get_running_loop(), FIRST_LOOK_S
    until = None if timeout_s is None else loop.time() + timeout_s
    watch, where = StoreWatch(store), partial(where_run_stands, thread_id=thread_id)
    stands = await watch.look(where)
    while not stands.has_ended:
        if until is not None and timeout_s is not None and loop.time() >= until:
            raise NotEndedError(stands, timeout_s, watch.outage) from watch.outage
        left = pause if until is None else max(until - loop.time(), 0.0)
        await asyncio.sleep(min(pause, left))
        pause = min(2 * pause, LONGEST_LOOK_S)
        stands = await watch.look_again(where, stands)
    return stands


async def _output(url: str, allowed: Any, stands: RunStands, graph: Any) -> tuple[Any, str]:
    """The final state, or why it cannot be told."""
    if stands.status != "DONE":
        return None, ""
    at: Any = {"configurable": {"thread_id": stands.thread_id, "checkpoint_ns": ""}}
    try:
        async with open_saver(url, allowed) as saver:
            found = await saver.aget_tuple(at)
    except (NotRestoredError, RefusedBlobError) as error:
        return None, str(error)
    except Exception as error:
        if not _is_refused(error):
            raise
        return None, "this user may not read checkpoints; see docs/store-roles.md"
    if found is None:
        return None, "its checkpoint is gone"
    values = found.checkpoint["channel_values"]
    names = set(graph.get_output_jsonschema()["properties"]) if graph is not None else set(values)
    return {name: values[name] for name in values if name in names and not name.startswith(_INTERNAL)}, ""


def _is_refused(error: Exception) -> bool:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None) == "42501"


def _told(stands: RunStands, output: Any, unread: dict[str, str]) -> RunOutcome:
    decided = stands.decided
    if stands.steps is None:
        unread = {**unread, "steps": "this user may not read effects; see docs/store-roles.md"}
    if decided is None and stands.plan_id is not None:
        why = "this user may not read gates, or not what needed none; see docs/store-roles.md"
        unread = {**unread, "decided": why}
    return RunOutcome(
        stands.thread_id,
        stands.graph,
        stands.status,
        stands.plan_id,
        decided.state if decided else None,
        decided.by if decided else None,
        stands.error,
        stands.steps,
        output,
        unread,
        decided.note if decided else "",
        again=decided is not None and decided.attempt > 1,
    )
