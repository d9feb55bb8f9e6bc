"""Executes undo plans with the functions that langgraph.json names: a service inside the resumer's process.

It learns of them from the store, not from Kafka. There the gatekeeper notes which plans it made of an UNDO,
and a process that lacks a function takes nothing from one that has it.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from functools import partial
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Connection, Engine

from gate_events.records import PlanCleared
from gate_events.shown import shown
from gate_policy.catalogue import Catalogue
from gate_store import outbox
from gate_store.claims import Claim, Grant
from gate_store.database import Clock, open_store, utc_now
from gate_store.dialects import store_moment
from gate_store.engine.port import NotClearedError
from gate_store.stop_file import StopFile
from gate_store.stops import in_force, refuse_stopped
from gate_store.undo_work import (
    DoubtedUndo,
    UndoPlan,
    doubted_undos,
    is_in_hand,
    is_told,
    settle_undo_by_probe,
    undo_outcome,
    undo_plans_to_execute,
)
from plangate.worker.undo_function import UndoFunction
from producers.acting import Word
from producers.at_work import AtWork
from producers.store_ledger import StoreLedger
from producers.work import Work
from stream_apps.plain_errors import in_thread
from stream_apps.resumer.calling import asked
from stream_apps.resumer.calls import calls
from stream_apps.resumer.config import ExecutesUndo
from stream_apps.resumer.graphs import Loaded
from stream_apps.resumer.outage import Outage
from stream_apps.resumer.second_looks import PROBE_S

log = logging.getLogger("plangate.undo")

T = TypeVar("T")

LOOK_S = 1.0
AT_ONCE = 100  # plans a look
_LONGEST_S = 60.0  # between two looks at a plan that may not run yet, which double


class WorkerStopsError(Exception):
    """The worker stops before step {step_id}; the plan goes on with another."""

    def __init__(self, step_id: str) -> None:
        super().__init__(f"the worker stops before step {step_id}; the plan goes on with another")


class UndoLedger(StoreLedger):
    """The ledger of services, where several resumers look at the same plans: one at a time is at a step."""

    def _claim(self, conn: Connection, word: Word, step: Any) -> Claim:
        if is_in_hand(conn, word.plan_id, step, store_moment(conn, self._now())):
            return Claim(UUID(int=0), Grant.BUSY)
        return super()._claim(conn, word, step)


def without_function(catalogue: Catalogue, undoes: Mapping[str, Sequence[str]]) -> str:
    """Which undos of the catalogue no graph has a function for, in one line; empty where there is none."""
    known = {action for actions in undoes.values() for action in actions}
    missing = {each.undo.action for each in catalogue.actions.values() if each.undo} - known
    if not missing:
        return ""
    names = shown(", ".join(sorted(missing)))
    mend = "name one under `undo` of its graph in langgraph.json, unless a service executes it"
    return f"no function for undo {names}: {mend}"


def undo_service(
    store_url: str,
    catalogue: Catalogue,
    lease_s: float,
    probe_again_s: float,
    now: Clock = utc_now,
    stop_file: StopFile | None = None,
) -> ExecutesUndo:
    """What a resumer runs beside its graphs. Times are in seconds."""

    async def executes_undo(worker: str, graphs: Mapping[str, Loaded], stop: asyncio.Event) -> None:
        if not any(each.undo_functions for each in graphs.values()):
            return
        store = open_store(store_url, pool_size=3)
        try:
            ledger = UndoLedger(store, worker, now, catalogue, lease_s)
            await UndoService(store, graphs, ledger, catalogue, probe_again_s, now, stop_file).run(stop)
        finally:
            store.dispose()

    return executes_undo


class UndoService:
    """One undo plan at a time, of those that one look finds the oldest first.

    Steps in doubt that have a probe are probed again.
    """

    def __init__(
        self,
        store: Engine,
        graphs: Mapping[str, Loaded],
        ledger: StoreLedger,
        catalogue: Catalogue,
        probe_again_s: float,
        now: Clock,
        stop_file: StopFile | None = None,
    ) -> None:
        self._stop_file = stop_file or StopFile(None)
        self._store = store
        self._functions = {name: each.undo_functions for name, each in graphs.items() if each.undo_functions}
        self._probes = {name: graphs[name].probes for name in self._functions if graphs[name].probes}
        self._ledger = ledger
        self._secret = {name: frozenset(each.secret) for name, each in catalogue.actions.items()}
        self._probe_again_s = probe_again_s
        self._now = now
        self._not_before: dict[str, tuple[float, float]] = {}  # by digest: when, and the pause after that
        self._stops: frozenset[UUID] = frozenset()  # that were in force at the last look
        self._probe_at: dict[UUID, float] = {}
        self._after = ""  # the next look goes on from there

    async def run(self, stop: asyncio.Event) -> None:
        """Look until `stop`; an outage of the store is waited out."""
        outage = Outage("executing undo plans")
        while not stop.is_set():
            try:
                await self.look(stop)
                outage.is_over()
            except Exception as error:
                outage.goes_on(error)
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_S):
                    await stop.wait()

    async def look(self, stop: asyncio.Event) -> None:
        """Settle what probes can tell, then execute what may run."""
        if self._probes:
            for doubt in await in_thread(self._in_store, partial(doubted_undos, probed=self._probes)):
                await self._probe(doubt)
        loop = asyncio.get_running_loop()
        for plan in await in_thread(self._in_store, self._to_execute):
            due, _ = self._not_before.get(plan.word.digest, (0.0, 0.0))
            if stop.is_set():
                return
            if loop.time() >= due:
                await in_thread(self.execute, plan, loop, stop)
                self._look_later(plan, loop.time())

    def _look_later(self, plan: UndoPlan, now_s: float) -> None:
        """Where it did not end it may not run yet, and where it ended the gatekeeper will note it."""
        _, pause_s = self._not_before.get(plan.word.digest, (0.0, LOOK_S))
        self._not_before[plan.word.digest] = now_s + pause_s, min(2 * pause_s, _LONGEST_S)

    def _to_execute(self, conn: Connection) -> list[UndoPlan]:
        """Some at a time: those that others execute keep none from its turn."""
        self._look_at_stops(conn)
        now = store_moment(conn, self._now())
        found = undo_plans_to_execute(conn, self._functions, now, self._after, AT_ONCE)
        waiting = {plan.word.digest for plan in found}
        until = found[-1].word.digest if len(found) == AT_ONCE else None
        self._not_before = {
            digest: due
            for digest, due in self._not_before.items()
            if digest in waiting or digest <= self._after or (until and digest > until)
        }
        self._after = until or ""
        return sorted((plan for plan in found if self._has_functions(plan)), key=cleared_at)

    def _look_at_stops(self, conn: Connection) -> None:
        """What a stop held is not kept waiting after its end."""
        stops = frozenset(each.stop_id for each in [*self._stop_file.stops(), *in_force(conn)])
        if not stops.issuperset(self._stops):
            self._not_before.clear()
        self._stops = stops

    def _has_functions(self, plan: UndoPlan) -> bool:
        functions = self._functions[plan.graph]
        return all(step.action_type in functions for step in plan.word.steps)

    def execute(self, plan: UndoPlan, loop: asyncio.AbstractEventLoop, stop: asyncio.Event) -> None:
        """Do the steps that are not done, then tell the outcome; as a service does, in a thread."""
        word = plan.word
        try:
            refuse_stopped(self._stop_file.stops(), *word.steps)
            self._ledger.may_run(word)
        except NotClearedError as error:
            log.info("undo plan %s does not run now: %s", word.plan_id, error)
            return
        functions = self._functions[plan.graph]
        work = Work(word, self._ledger, partial(self._settle, plan), _silent(), self._now, self._stop_file)
        with suppress(WorkerStopsError), work:
            for step in work.steps:
                if stop.is_set():
                    raise WorkerStopsError(step.step_id)
                call = UndoFunction(
                    functions[step.action_type],
                    step.action_type,
                    work.key(step),
                    loop,
                    self._secret.get(step.action_type, frozenset()),
                )
                work.once(step, call)

    def _settle(self, plan: UndoPlan, results: Any) -> None:
        if results is not None:
            self._in_store(partial(self._tell, plan))

    def _tell(self, plan: UndoPlan, conn: Connection) -> None:
        told = undo_outcome(conn, plan)
        if told and not is_told(conn, told):
            outbox.put(conn, [told], self._now())
            log.info("undo plan %s is %s", told.plan_id, told.status.value)

    async def _probe(self, doubt: DoubtedUndo) -> None:
        probe = self._probes[doubt.graph].get(doubt.step.action_type)
        now_s = asyncio.get_running_loop().time()
        if probe is None or calls.is_out(doubt.effect_id) or now_s < self._probe_at.get(doubt.effect_id, 0.0):
            return
        self._probe_at[doubt.effect_id] = now_s + self._probe_again_s
        try:
            async with asyncio.timeout(PROBE_S):
                happened = await asked(probe, doubt.step)
        except Exception as error:  # a human is asked; its words may quote a secret argument
            told = (shown(doubt.step.step_id), type(error).__name__)
            log.info("step %s of an undo plan is still in doubt: its probe failed (%s)", *told)
            return
        if happened is True or (happened is False and doubt.is_gone):
            settle = partial(settle_undo_by_probe, doubt=doubt, happened=happened, now=self._now())
            if await in_thread(self._in_store, settle):
                self._not_before.clear()

    def _in_store(self, work: Callable[[Connection], T]) -> T:
        with self._store.begin() as conn:
            return work(conn)


def cleared_at(plan: UndoPlan) -> datetime:
    """When it was let run."""
    return plan.word.cleared_at if isinstance(plan.word, PlanCleared) else plan.word.decided_at


def _silent() -> AtWork:
    """The ledger shows that a plan is being worked at."""
    return AtWork(lambda: None, 1.0)
