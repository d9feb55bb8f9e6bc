"""Does what the plan of faults says, and puts every fault on the record."""

import asyncio
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import suppress

from sqlalchemy import Engine, text
from sqlalchemy.exc import DBAPIError
from tenacity import retry, retry_if_exception_type, wait_fixed

from plangate.dev.stack import Stack
from plangate.torture.clock import jump
from plangate.torture.fault_points import FaultPoints, strike
from plangate.torture.faults import APPS, RESUMER, SUPERVISOR, TREE, Fault, Occasion
from plangate.torture.lines import append
from plangate.torture.places import Places
from plangate.torture.trees import Modules, Tree

POLL_S = 0.05
POINT_S = 8.0  # how long an armed point waits for somebody to come by; then whoever is there is struck
START_S = 60.0
CUT = text(
    "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
    "WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name LIKE 'plangate%'"
    " AND random() < 0.7"
)


class Inflictor:
    """Strikes the workers and their services."""

    def __init__(
        self, trees: Sequence[Tree], stack: Stack, store: Engine, places: Places, lease_s: float
    ) -> None:
        self.done: Counter[str] = Counter()
        self._trees = trees
        self._stack = stack
        self._store = store
        self._places = places
        self._points = FaultPoints(places)
        self._lease_s = lease_s
        self._services = threading.Lock()

    async def inflict(self, fault: Fault | Occasion) -> None:
        """Do it, and return when it is over."""
        if isinstance(fault, Occasion):
            await asyncio.to_thread(fault.do, self)
            return
        match fault.kind:
            case "kill" if fault.whom in {SUPERVISOR, TREE}:
                await asyncio.to_thread(self._fell, fault)
            case "kill" | "pause":
                await self._strike(fault)
            case "restart":
                await asyncio.to_thread(self._restart, fault)
            case "cut":
                await asyncio.to_thread(self._cut)
            case _:
                await self._jump(fault)
        self.done[fault.kind] += 1

    def deploy(self, place: int, modules: Modules) -> None:
        """Stop a tree as an operator does, start it with other code, and wait until it works."""
        tree = self._trees[place]
        self._restart_tree(tree, modules)
        end = time.monotonic() + START_S
        while not (tree.pids(APPS) and tree.pids(RESUMER)):
            if time.monotonic() > end:
                raise TimeoutError(f"worker {place + 1} does not work {START_S:.0f} s after its start")
            time.sleep(POLL_S)

    def finish(self) -> None:
        """Leave nothing armed, stopped, down or set wrong."""
        with self._services:
            for service in (self._stack.kafka, self._stack.database):
                if service is not None:
                    service.start()
        for arm in self._places.arms.iterdir():
            arm.unlink()
        jump(self._places, 0)

    def _fell(self, fault: Fault) -> None:
        tree = self._tree(fault)
        with tree.lock:
            for pid in (tree.supervisor, *tree.pids()):
                self._note(fault.whom, time.time(), pid)
            (tree.kill_supervisor if fault.whom == SUPERVISOR else tree.kill_all)()
            tree.start()

    async def _strike(self, fault: Fault) -> None:
        """At its fault point when somebody comes by in time; else whoever works."""
        pid = await self._at_point(fault) if fault.point else None
        began = time.time()
        while pid is None:
            pid = self._struck(fault)
            await asyncio.sleep(POLL_S)
        if fault.kind == "pause":
            await asyncio.sleep(self._lease_s * (1.3 + fault.share))
            self._note("pause", began, pid)
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGCONT)

    async def _at_point(self, fault: Fault) -> int | None:
        self._points.taken(fault.point)
        self._points.arm(fault.point, fault.kind)
        end = time.monotonic() + POINT_S
        while time.monotonic() < end:
            if pid := self._points.taken(fault.point):
                return pid
            await asyncio.sleep(POLL_S)
        return None if self._points.disarm(fault.point) else self._points.taken(fault.point)

    def _struck(self, fault: Fault) -> int | None:
        pids = sorted(pid for tree in self._trees for pid in tree.pids(fault.whom))
        if not pids:
            return None
        pid = pids[int(fault.share * len(pids))]
        try:
            strike(self._places, pid, fault.kind, "at random")
        except ProcessLookupError:
            return None
        return pid

    def _restart(self, fault: Fault) -> None:
        if fault.whom == "worker":
            self._restart_tree(self._tree(fault))
            return
        began = time.time()
        service = self._stack.kafka if fault.whom == "kafka" else self._stack.database
        if service is None:
            return
        with self._services:  # one after the other
            if fault.share < 0.5:
                service.kill()  # a crash, not a farewell
            else:
                service.stop()
            service.start()
        self._note(f"restart {fault.whom}", began, None)

    def _restart_tree(self, tree: Tree, modules: Modules | None = None) -> None:
        began = time.time()
        with tree.lock:
            pids = tree.pids()
            tree.stop()
            if modules is not None:
                tree.become(modules)
            tree.start()
        for pid in pids:
            self._note("restart", began, pid)

    @retry(retry=retry_if_exception_type(DBAPIError), wait=wait_fixed(0.5))  # it may be down just now
    def _cut(self) -> None:
        began = time.time()
        with self._store.connect() as conn:
            conn.execute(CUT)
        self._note("cut", began, None)

    async def _jump(self, fault: Fault) -> None:
        began = time.time()
        most = 3600 if int(fault.share * 1000) % 2 else 30
        seconds = (2 * fault.share - 1) * most
        jump(self._places, seconds)
        await asyncio.sleep(3.0)
        jump(self._places, 0)
        append(
            self._places.faults,
            {"at": began, "until": time.time(), "kind": "jump", "pid": 0, "where": f"{seconds:.0f} s"},
        )

    def _note(self, kind: str, began: float, pid: int | None) -> None:
        append(
            self._places.faults,
            {"at": began, "until": time.time(), "kind": kind, "pid": pid, "where": "at random"},
        )

    def _tree(self, fault: Fault) -> Tree:
        return self._trees[int(fault.share * len(self._trees))]
