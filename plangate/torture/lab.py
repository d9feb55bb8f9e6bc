"""A whole laboratory: starts everything, tortures it while it works, waits for peace, and judges."""

import asyncio
import logging
import os
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from uuid import UUID

from gate_store.database import open_store
from gate_store.store_url import is_postgres
from plangate.dev.processes import ChildProcess
from plangate.dev.stack import Stack, environment
from plangate.kafka.roles import Role
from plangate.torture.cases import case
from plangate.torture.evidence import gather
from plangate.torture.faults import Fault, Occasion, Reach, plan_faults
from plangate.torture.inflicting import Inflictor
from plangate.torture.kept import keep_evidence
from plangate.torture.liars.poisoner import SCHEMAS
from plangate.torture.logins import keep
from plangate.torture.parties import Cast, Parties, parties
from plangate.torture.places import Places, announce
from plangate.torture.progress import Tally, look
from plangate.torture.registry import registry
from plangate.torture.report import Report, report
from plangate.torture.securing import USERS, settings_of
from plangate.torture.submitting import Agents
from plangate.torture.trees import Modules, ServiceTree, Tree
from plangate.torture.unread import Unread
from plangate.wiring import open_catalogue

_log = logging.getLogger("plangate.torture")

LOOK_S = 0.25

Tell = Callable[[str, int, int], None]  # what is happening, how many of how many runs are at rest


@dataclass(frozen=True)
class Orders:
    """What a laboratory is told."""

    runs: int = 200
    kills: int = 20
    pauses: int = 0
    seed: int = 1
    workers: int = 2
    lease_s: float = 6.0
    window: int = 60  # runs that one worker has before it, at most
    patience_s: float = 120.0  # without any change; then what is unfinished stays so
    modules: Modules = field(default_factory=Modules)
    occasions: Sequence[Occasion] = ()
    liars: int = 0  # lies that are told
    kinds: Collection[str] = ()  # of lies: these alone
    poison: int = 0  # doses that are sent
    service_plans: int = 0  # plans that are proposed to services, which take part where there are any
    by_others: int = 0  # so many of the first runs are submitted by somebody else, who tells the plans
    plans_of_others: Callable[[], Mapping[str, UUID]] = dict


def torture(stack: Stack, folder: Path, orders: Orders, tell: Tell) -> Report:
    """Run it all on a stack with its topics and tables; logs and evidence stay below `folder`."""
    began = time.monotonic()
    places = Places(folder.absolute()).make()
    settings, catalogue = stack.settings, open_catalogue(stack.settings)
    by_role = {role: settings_of(stack.logins, role) for role in USERS}
    with ExitStack() as open_:
        port = open_.enter_context(_witness(places, orders.seed))
        schemas = open_.enter_context(registry(SCHEMAS)) if orders.poison else ""
        open_.enter_context(environment(announce(places, port, schemas)))
        keep(stack.logins, places.folder)
        trees = open_.enter_context(_trees(places, orders))
        store = open_store(settings.store_url)
        open_.callback(store.dispose)
        inflictor = Inflictor(trees, stack, store, places, orders.lease_s)
        reach = Reach(
            kafka=stack.kafka is not None,
            database=stack.database is not None,
            connections=is_postgres(settings.store_url),
            services=orders.service_plans > 0,
        )
        faults = plan_faults(orders.seed, orders.kills, orders.pauses, reach)
        session = Session(orders, inflictor, (*faults, *orders.occasions), tell)
        cast = Cast(
            orders.seed,
            orders.liars,
            orders.kinds,
            orders.service_plans,
            catalogue,
            port,
            session.share,
            orders.poison,
            has_transactions=stack.kafka is not None,
        )
        given = open_.enter_context(parties(settings, by_role, store, places, cast))
        session.wait_for(given)
        agents = Agents(by_role[Role.AGENT].store_url, orders.lease_s, session.may_begin)
        unread = Unread(settings, given.ears[0].heard) if stack.kafka else None

        def look_on() -> Tally | None:
            tally = look(store, session.prefix)
            if unread is None or tally is None or tally.awaited(orders.runs):
                return tally
            return replace(tally, unread=unread.count())

        asyncio.run(session.run(agents, look_on))
        inflictor.finish()
        for tree in trees:
            tree.stop()
        given.close()
        plans = {**agents.plans, **orders.plans_of_others()}
        evidence = gather(settings, places, given.said(session.threads, plans))
        found = report(evidence, catalogue, inflictor.done, orders.seed, time.monotonic() - began)
        if not found.clean:
            keep_evidence(settings, store, evidence.told, places)
        return found


class Session:
    """Runs are submitted, faults are inflicted as the runs come to rest, until there is peace."""

    def __init__(
        self, orders: Orders, inflictor: Inflictor, faults: Sequence[Fault | Occasion], tell: Tell
    ) -> None:
        self._orders = orders
        self._inflictor = inflictor
        self._faults = faults
        self._tell = tell
        self._open: set[int] = set(range(len(faults)))
        self._tally = Tally()
        self._others: Parties
        self._cases = [case(orders.seed, number) for number in range(orders.runs)]

    def wait_for(self, others: Parties) -> None:
        """Nothing is over before these are done."""
        self._others = others

    def share(self) -> float:
        """The share of the runs that is at rest, from 0 to 1."""
        return self._tally.at_rest / self._orders.runs

    @property
    def prefix(self) -> str:
        """How the names of this laboratory's threads begin."""
        return f"torture-{self._orders.seed}-"

    @property
    def threads(self) -> list[str]:
        """The threads of all runs."""
        return [each.thread_id for each in self._cases]

    def may_begin(self, number: int) -> bool:
        """There is always work, but not all of it at once: every fault shall find some."""
        held = min((self._faults[place].at for place in self._open), default=1.0) * self._orders.runs
        ahead = self._orders.window * self._orders.workers
        return self._orders.by_others + number < min(self._tally.at_rest, held) + ahead

    async def run(self, agents: Agents, look_: Callable[[], Tally | None]) -> None:
        """Return when all runs are at rest and all is said, or nothing has changed for too long."""
        async with asyncio.TaskGroup() as group:
            watching = group.create_task(self._watch(look_))
            working = [
                group.create_task(agents.submit_all(self._cases[self._orders.by_others :])),
                *(group.create_task(self._inflict(place)) for place in range(len(self._faults))),
            ]
            watching.add_done_callback(lambda _: [task.cancel() for task in working])

    async def _inflict(self, place: int) -> None:
        fault = self._faults[place]
        while self._tally.at_rest < fault.at * self._orders.runs:  # noqa: ASYNC110 - the store is polled
            await asyncio.sleep(LOOK_S)
        try:
            await self._inflictor.inflict(fault)
        finally:
            self._open.discard(place)

    async def _watch(self, look_: Callable[[], Tally | None]) -> None:
        changed, told = time.monotonic(), 0
        while time.monotonic() - changed < self._orders.patience_s:
            now = await asyncio.to_thread(look_)
            if now is not None and (now, self._others.told) != (self._tally, told):
                self._tally, told, changed = now, self._others.told, time.monotonic()
            self._tell(self._doing(), self._tally.at_rest, self._orders.runs)
            if not self._awaited():
                return
            await asyncio.sleep(LOOK_S)
        _log.warning(
            "nothing has changed for %.0f s; still to come: %s",
            self._orders.patience_s,
            ", ".join(self._awaited()),
        )

    def _awaited(self) -> list[str]:
        """What still has to happen, in words."""
        faults = [f"{len(self._open)} faults"] if self._open else []
        return [*self._tally.awaited(self._orders.runs), *faults, *self._others.awaited]

    def _doing(self) -> str:
        done = self._inflictor.done
        lies = f", {self._others.told} lies" if self._orders.liars else ""
        ending = self._tally.at_rest >= self._orders.runs
        awaited = f"; still to come: {', '.join(self._awaited())}" if ending else ""
        return f"{done['kill']} kills, {done['pause']} pauses, {done['restart']} restarts{lies}{awaited}"


@contextmanager
def _witness(places: Places, seed: int) -> Iterator[int]:
    log = places.folder / "witness.log"
    command = [sys.executable, "-P", "-m", "plangate.torture.witness", str(places.calls), str(seed)]
    child = ChildProcess("witness", command, log=log, folder=Path.cwd())
    try:
        child.wait_until(lambda: log.read_text().strip().isdigit(), timeout=30)
        yield int(log.read_text())
    finally:
        child.stop()


@contextmanager
def _trees(places: Places, orders: Orders) -> Iterator[list[Tree]]:
    with ExitStack() as running:
        trees = [Tree(number, orders.modules, places) for number in range(1, orders.workers + 1)]
        if orders.service_plans:
            trees.append(ServiceTree(1, orders.modules, places))
        for tree in trees:
            tree.start()
            running.callback(tree.kill_all)
        running.callback(_kill_stragglers, places)
        yield trees


def _kill_stragglers(places: Places) -> None:
    """Children of supervisors that were killed may still be giving their runs back."""
    ours = f"TORTURE_FOLDER={places.folder}".encode()
    for file in places.awake.iterdir():
        with suppress(OSError):  # most have ended, and a pid may be somebody else's by now
            if ours in Path(f"/proc/{file.name}/environ").read_bytes().split(b"\0"):
                os.kill(int(file.name), signal.SIGKILL)
        file.unlink()
