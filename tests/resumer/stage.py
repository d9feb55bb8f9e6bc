"""What the resumer's tests do: submit, decide, resume, and look at what became of it."""

import asyncio
import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
from sqlalchemy import Engine, select

from gate_events.records import ApprovalRequested, DecisionMade, PlanExecuted, PlanProposed
from gate_events.values import Step
from gate_events.words import DecisionKind
from gate_store.database import open_store, utc_now
from gate_store.dispositions import Disposition
from gate_store.savers.open import open_saver
from gate_store.state_types import state_types
from gate_store.tables import effects, outbox, runs
from producers.submitter import open_submitter
from stream_apps.resumer.config import ActionTraits, ResumerConfig
from stream_apps.resumer.earlier import EarlierApprovals
from stream_apps.resumer.graphs import load_graphs
from stream_apps.resumer.process import run_resumer
from stream_apps.resumer.questions import Questions
from stream_apps.resumer.run_events import EventsInStore
from tests.store.acting import ask, decide, look_at_doubts, run_of, said
from tests.store.examples import asked, decided

PROJECT = Path(__file__).parent / "project"
IDEMPOTENT = "idempotent.send"
PATIENCE_S = 60.0


def traits(action: str) -> ActionTraits:
    return ActionTraits(idempotent=action == IDEMPOTENT)


def config(url: str, **changes: Any) -> ResumerConfig:
    store = open_store(url, pool_size=1)
    questions = Questions(store)
    usual: dict[str, Any] = {
        "store_url": url,
        "graphs_file": PROJECT / "langgraph.json",
        "worker": f"resumer-{os.getpid()}",
        "traits": traits,
        "ask_again": questions.ask_again,
        "ask_in_doubt": questions.ask_in_doubt,
        "doubt_plan": questions.doubt_plan,
        "earlier": EarlierApprovals(store).of,
        "begun_again": questions.begun_again,
        "note_events": EventsInStore(store).note,
        "lease_s": 5.0,
        "stale_after_s": 0.0,
        "backoff_s": 0.05,
        "poll_s": 0.05,
        "drain_s": 5.0,
    }
    given = {**usual, **changes}
    return ResumerConfig(**{**given, "graphs_file": Path(given["graphs_file"])})


@dataclass
class Stage:
    url: str
    engine: Engine
    project: Path = PROJECT

    async def submit(
        self, name: str = "billing", thread: str = "t1", configured: Any = None, **state: Any
    ) -> PlanProposed:
        """Run a graph of the project until its gate; the plan that went to the outbox."""
        file = self.project / "langgraph.json"
        loaded = (await load_graphs(file))[name]
        state = state or {"who": ["ann", "bob"]}
        async with open_submitter(self.url, graphs_file=file) as submitter:
            await submitter.submit(
                loaded.graph,
                state,
                name=name,
                thread_id=thread,
                config={"configurable": configured or {}},
                plan_from_state=loaded.plan_from_state,
            )
        proposed: PlanProposed = self.said(PlanProposed)[-1]
        return proposed

    def decide(
        self, plan: PlanProposed, kind: DecisionKind = DecisionKind.APPROVE, **changes: Any
    ) -> ApprovalRequested:
        """Open the plan's gate and close it; `use_by_s` goes to its terms."""
        now = utc_now()
        terms = {"use_by_s": changes.pop("use_by_s", 3600), "deadline": now + timedelta(hours=1)}
        request = asked(plan.plan_id, steps=plan.steps, run=plan.run, requested_at=now, **terms)
        at = changes.pop("at", now)
        with self.engine.begin() as conn:
            ask(conn, request)
            (fate,) = decide(conn, decided(request, kind, at=at, **changes))
        assert fate.fate.name == "DECIDED", fate
        return request

    def open(self, request: ApprovalRequested) -> None:
        """As the gatekeeper does when a request comes from its topic."""
        with self.engine.begin() as conn:
            ask(conn, request)

    async def answer_behind_its_back(self) -> None:
        """Somebody resumes the thread without Plangate."""
        loaded = (await load_graphs(self.project / "langgraph.json"))["billing"]
        async with open_saver(self.url) as saver:
            graph = loaded.with_saver(saver).graph
            at = {"configurable": {"thread_id": "t1"}}
            verdict = {"verdict": {"steps": [], "note": "done by hand"}}
            await graph.aupdate_state(at, verdict, as_node="ask")

    def say(self, decision: DecisionMade) -> list[Disposition]:
        with self.engine.begin() as conn:
            return decide(conn, decision)

    def look_at_doubts(self) -> None:
        """As the gatekeeper's clock does."""
        with self.engine.begin() as conn:
            look_at_doubts(conn, utc_now())

    def run(self, thread: str = "t1") -> Any:
        with self.engine.begin() as conn:
            return run_of(conn, thread)

    def said(self, record: type[Any]) -> list[Any]:
        with self.engine.begin() as conn:
            return said(conn, record)

    def outcome(self) -> PlanExecuted:
        (only,) = self.said(PlanExecuted)
        return only  # type: ignore[no-any-return]

    def effects(self) -> list[Any]:
        with self.engine.begin() as conn:
            return list(conn.execute(select(effects).order_by(effects.c.step_id)))

    def change_run(self, thread: str = "t1", **values: Any) -> None:
        """Behind every guard's back."""
        with self.engine.begin() as conn:
            conn.execute(runs.update().where(runs.c.thread_id == thread).values(**values))

    async def state(self, name: str = "billing", thread: str = "t1") -> Any:
        loaded = (await load_graphs(self.project / "langgraph.json"))[name]
        async with open_saver(self.url, state_types(loaded.graph)) as saver:
            return await loaded.with_saver(saver).graph.aget_state({"configurable": {"thread_id": thread}})

    async def resume(
        self, until: str | Callable[[], bool] = "DONE", thread: str = "t1", **changes: Any
    ) -> None:
        """Run a resumer in this process until the run has that state, or until something is true."""
        async with resumer(config(self.url, **changes)):
            await self.wait(until, thread)

    async def wait(self, until: str | Callable[[], bool], thread: str = "t1") -> None:
        wanted = until if callable(until) else lambda: self.run(thread).status == until
        loop = asyncio.get_running_loop()
        end = loop.time() + PATIENCE_S
        while not wanted():
            row = self.run(thread)
            assert loop.time() < end, f"the run is {row.status}: {row.error}"
            await asyncio.sleep(0.05)

    def in_outbox(self) -> list[str]:
        """The kinds of records that wait, in order."""
        with self.engine.begin() as conn:
            return list(conn.execute(select(outbox.c.record).order_by(outbox.c.id)).scalars())


class resumer:  # noqa: N801 - reads as a verb
    """A resumer in this process, stopped at the end as SIGTERM would."""

    def __init__(self, config: ResumerConfig) -> None:
        self._config = config
        self._stop = asyncio.Event()

    async def __aenter__(self) -> asyncio.Task[None]:
        self._task = asyncio.create_task(run_resumer(self._config, self._stop))
        return self._task

    async def __aexit__(self, *_: object) -> None:
        self._stop.set()
        await self._task


def steps_of(plan: PlanProposed, *names: str) -> tuple[Step, ...]:
    """The plan's first steps, to other people."""
    return tuple(
        msgspec.structs.replace(step, arguments={"to": name})
        for step, name in zip(plan.steps, names, strict=False)
    )
