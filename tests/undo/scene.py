"""A run that tagged somebody, its reviewer's UNDO, and the resumer's service that executes what follows."""

import asyncio
from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Engine, select

from gate_events.ids import outcome_id
from gate_events.records import (
    ApprovalRequested,
    DecisionMade,
    PlanCleared,
    PlanExecuted,
    PlanProposed,
)
from gate_events.words import DecisionKind, StepStatus, Timing
from gate_policy.catalogue import load_catalogue
from gate_policy.route import route
from gate_store import outbox, queries
from gate_store.claims import Grant
from gate_store.cleared_plans import word_of
from gate_store.database import utc_now
from gate_store.dialects import read, whole
from gate_store.ledger import claim_effect, finish_effect
from gate_store.tables import clearances, effects, gates, runs
from gate_store.undo_work import UndoPlan
from gate_store.workers import register_worker
from plangate.worker.undo_service import UndoLedger, UndoService
from producers.store_ledger import StoreLedger
from stream_apps.gatekeeper.commit import Committed, commit_batch
from stream_apps.resumer.graphs import Loaded
from tests.claims.gate import of_run, proposed, step
from tests.store.acting import look_at_doubts, paused, said
from tests.store.examples import decided, executed

TEXT = """
version: 1
mode: tiered
defaults: {{deadline: 8h, use_by: 1h}}
actions:
  tag:
    tier: PARTIALLY_REVERSIBLE
    says: "Tag {{{{ who }}}}"
    arguments: [who]
    undo: {{action: untag, arguments: {{who: "{{{{ who }}}}"}}}}
  untag: {{tier: {tier}, says: "Untag {{{{ who }}}}", arguments: [who]{more}}}
"""
LEASE_S = 30.0
GRAPH = "billing"  # that of the examples' runs


class Scene:
    """What the gatekeeper knows, and resumers in this process. `did` is what the function did."""

    def __init__(
        self,
        store: Engine,
        tier: str = "REVERSIBLE",
        more: str = "",
        gatekeeper: Engine | None = None,
        resumers: Engine | None = None,
    ) -> None:
        self.store = store
        self.gatekeeper = gatekeeper or store
        self.resumers = resumers or store
        self.catalogue = load_catalogue(TEXT.format(tier=tier, more=more))
        self.did: list[str] = []

    def commit(self, *records: Any) -> Committed:
        with self.gatekeeper.begin() as conn:
            return commit_batch(conn, records, self.catalogue, utc_now())

    def said(self, record: type[Any]) -> list[Any]:
        with self.store.begin() as conn:
            return said(conn, record)

    def routed(self, plan: PlanProposed) -> ApprovalRequested | PlanCleared:
        return route(plan, self.catalogue, now=utc_now())

    def ran(self, *who: str, thread: str = "t1", of_service: bool = False) -> ApprovalRequested:
        """A run tagged these people; the review that its reviewer is asked for."""
        steps = [step("tag", number, who=name) for number, name in enumerate(who, start=1)]
        plan = proposed(*steps, name=thread) if of_service else of_run(*steps, thread=thread)
        word = self.routed(plan)
        told = executed(word, at=utc_now())
        told = msgspec.structs.replace(told, event_id=outcome_id(word.plan_id, word.digest, 1))
        with self.store.begin() as conn:
            paused(conn, word)
        assert self.commit(word).refused == {}
        if not of_service:
            with self.store.begin() as conn:  # as its resumer does
                for each in word.steps:
                    claim = claim_effect(conn, word.plan_id, word.digest, each, "r0", utc_now())
                    finish_effect(conn, claim, StepStatus.SUCCEEDED, utc_now())
                conn.execute(runs.update().where(runs.c.thread_id == thread).values(status="DONE"))
                outbox.put(conn, [told], utc_now())
        refused = self.commit(told).refused
        assert refused == {}, refused
        review: ApprovalRequested
        [review] = [
            each
            for each in self.said(ApprovalRequested)
            if each.timing is Timing.AFTER and each.plan_id == word.plan_id
        ]
        self.commit(review)
        return review

    def undo(self, review: ApprovalRequested, *step_ids: str, by: str = "ada") -> DecisionMade:
        """A reviewer's UNDO, taken by the gatekeeper."""
        decision = decided(review, DecisionKind.UNDO, by, at=utc_now(), step_ids=step_ids)
        self.commit(decision)
        return decision

    def undo_plan(self) -> PlanProposed:
        """What the gatekeeper proposed last."""
        plan: PlanProposed = self.said(PlanProposed)[-1]
        return plan

    def undone(self, *who: str, thread: str = "t1", of_service: bool = False) -> PlanProposed:
        """The undo plan of a run that tagged these people, after router and gatekeeper took it."""
        self.undo(self.ran(*who, thread=thread, of_service=of_service))
        plan = self.undo_plan()
        self.commit(self.routed(plan))
        return plan

    def gate(self, plan: PlanProposed) -> ApprovalRequested:
        """The plan's gate that waits for a human."""
        waiting = select(whole(gates.c.request)).where(
            gates.c.plan_id == plan.plan_id, gates.c.state == "PENDING"
        )
        with self.store.begin() as conn:
            return read(conn.execute(waiting).scalar_one(), ApprovalRequested)

    def untag(self, step: Any) -> str:
        """The undo function."""
        self.did.append(step.arguments["who"])
        return f"untagged {step.arguments['who']}"

    def service(
        self,
        function: Callable[[Any], Any] | None = None,
        *,
        worker: str = "r1",
        graph: str = GRAPH,
        effects_: Mapping[str, Any] | None = None,
        probe: Callable[[Any], Any] | None = None,
    ) -> UndoService:
        """A resumer's, with this function for `untag`."""
        undo = {} if effects_ else {"untag": function or self.untag}
        probes = {"untag": probe} if probe else {}
        loaded = Loaded(graph, None, probes=probes, effects=effects_ or {}, undo=undo)
        with self.resumers.begin() as conn:
            register_worker(conn, worker, f"place of {worker}", utc_now())
        return UndoService(self.resumers, {graph: loaded}, self.ledger(worker), self.catalogue, 0.0, utc_now)

    def ledger(self, worker: str) -> StoreLedger:
        """As that resumer has it."""
        return UndoLedger(self.resumers, worker, utc_now, self.catalogue, LEASE_S)

    def cleared(self, plan: PlanProposed) -> UndoPlan:
        """As a resumer read it before anybody had begun it."""
        record = select(whole(clearances.c.record)).where(clearances.c.plan_id == plan.plan_id)
        with self.store.begin() as conn:
            return UndoPlan(word_of(conn.execute(record).scalar_one(), None), GRAPH, 1)

    def lost(self, plan: PlanProposed) -> None:
        """A resumer, r0, began the plan's first step, and was not heard of again: its claim ran out."""
        self.service(worker="r0")
        word = self.cleared(plan).word
        assert self.ledger("r0").claim(word, word.steps[0]).grant is Grant.GO
        self.did.append("begun")
        self.change_effects(plan.plan_id, lease_until=utc_now() - timedelta(seconds=1))

    async def look(self, *services: UndoService) -> None:
        """One look of each, at the same time."""
        await asyncio.gather(*(service.look(asyncio.Event()) for service in services))

    def outcomes(self, plan: PlanProposed) -> list[PlanExecuted]:
        """What is on its way to Kafka of this plan."""
        return [each for each in self.said(PlanExecuted) if each.plan_id == plan.plan_id]

    def states(self, plan_id: UUID) -> list[str]:
        """Of the plan's effects, by step."""
        with self.store.begin() as conn:
            found = select(effects.c.state).where(effects.c.plan_id == plan_id).order_by(effects.c.step_id)
            return list(conn.execute(found).scalars())

    def change_effects(self, plan_id: UUID, **values: Any) -> None:
        """Behind the ledger's back: time passes."""
        with self.store.begin() as conn:
            conn.execute(effects.update().where(effects.c.plan_id == plan_id).values(**values))

    def ask_about_doubts(self) -> list[ApprovalRequested]:
        """As the gatekeeper's clock does; the questions, opened."""
        with self.gatekeeper.begin() as conn:
            look_at_doubts(conn, utc_now())
        asked = [each for each in self.said(ApprovalRequested) if each.in_doubt]
        self.commit(*asked)
        return asked

    def shown(self, plan_id: UUID) -> queries.View:
        """As `plangate show --json` has it."""
        with self.store.begin() as conn:
            view = queries.show(conn, plan_id)
        assert view is not None
        return view


def lie(name: str, **changes: Any) -> PlanProposed:
    """A plan that says it undoes something, proposed by somebody."""
    plan = proposed(step("untag", who="the wrong one"), name=name, goal="Undo: remind", proposer="ada")
    return msgspec.structs.replace(plan, **changes)
